"""When a digest is due, where clocks change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.core.digest_schedule import due_at, slot_of, weeks_due
from mlspend.core.weeks import Week


@pytest.mark.parametrize(
    ("week", "send_at", "zone", "due"),
    [
        # Clocks went back on 25 October 2026 in Europe: UTC+2 before, UTC+1 after.
        ("2026-W42", "Mon 09:00", "Europe/Paris", "2026-10-19T07:00"),
        ("2026-W43", "Mon 09:00", "Europe/Paris", "2026-10-26T08:00"),
        # And forward on 29 March: that Monday is the 30th.
        ("2026-W12", "Mon 09:00", "Europe/Paris", "2026-03-23T08:00"),
        ("2026-W13", "Mon 09:00", "Europe/Paris", "2026-03-30T07:00"),
        # 02:30 did not exist on 29 March: 03:30 in summer time is meant.
        ("2026-W12", "Sun 02:30", "Europe/Paris", "2026-03-29T01:30"),
        # 02:30 came twice on 25 October: the first one.
        ("2026-W42", "Sun 02:30", "Europe/Paris", "2026-10-25T00:30"),
        # Half past nine in Kathmandu is a quarter to four.
        ("2026-W43", "Mon 09:30", "Asia/Kathmandu", "2026-10-26T03:45"),
        # Monday begins in Auckland while Sunday goes on in UTC: the week is told when it is over.
        ("2026-W43", "Mon 09:00", "Pacific/Auckland", "2026-10-26T00:00"),
        ("2026-W43", "Tue 09:00", "Pacific/Auckland", "2026-10-26T20:00"),
        ("2026-W43", "Mon 09:00", "America/Los_Angeles", "2026-10-26T16:00"),
        # The Sunday evening of the west is Monday in UTC; its afternoon is not, and comes back a week later.
        ("2026-W43", "Sun 18:00", "America/Los_Angeles", "2026-10-26T01:00"),
        ("2026-W42", "Sun 16:00", "America/Los_Angeles", "2026-10-25T23:00"),
        ("2026-W43", "Sat 18:00", "America/Los_Angeles", "2026-11-01T01:00"),
        ("2026-W53", "Mon 09:00", "UTC", "2027-01-04T09:00"),
    ],
)
def test_a_digest_is_due_at_the_readers_hour(week: str, send_at: str, zone: str, due: str) -> None:
    assert due_at(Week.parse(week), send_at, ZoneInfo(zone)) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("send_at", ["09:00", "Monday 09:00", "Mon 24:00", "Mon 9:00", "mon 09:00", ""])
def test_what_is_no_hour_of_the_week_is_refused(send_at: str) -> None:
    with pytest.raises(ValueError, match="Mon 09:00"):
        due_at(Week.parse("2026-W43"), send_at, UTC)


@pytest.mark.parametrize(("now", "week"), [("2026-10-25T23:59", "2026-W42"), ("2026-10-26T00:00", "2026-W43")])
def test_a_week_is_over_in_utc(now: str, week: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert slot_of(moment) == Week.parse(week)
    assert slot_of(moment.astimezone(ZoneInfo("Pacific/Auckland"))) == Week.parse(week)


@settings(max_examples=40)
@given(
    day=st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    clock=st.times(),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/Los_Angeles", "Pacific/Auckland", "Pacific/Kiritimati"]),
    hours_between=st.integers(1, 6 * 24),
    days_late=st.integers(0, 5),
)
def test_each_week_is_told_once_and_in_order(
    day: str, clock: time, zone: str, hours_between: int, days_late: int
) -> None:
    """Looked at each hour over the weeks in which clocks change; what is out is not sent again."""
    start = datetime(2026, 10, 1, tzinfo=UTC)
    send_at, sent, covered = f"{day} {clock:%H:%M}", [], start
    for hour in range(45 * 24):
        now = start + timedelta(hours=hour)
        covered = now if hour % hours_between == 0 else covered
        told = Week.last_complete((covered - timedelta(days=1 + days_late)).date(), now.date())
        for week in weeks_due(told, now, send_at, ZoneInfo(zone)):
            # What the data does not cover yet is only looked at for the notice in its place.
            if week <= told and week not in sent:
                assert now >= due_at(week, send_at, ZoneInfo(zone))
                sent.append(week)
    first, last = sent[0], sent[-1]
    assert last >= Week.parse("2026-W43")
    assert sent == [Week(first.monday + timedelta(weeks=n)) for n in range(len(sent))]
