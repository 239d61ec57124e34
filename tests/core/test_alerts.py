"""Quiet hours by the clock on the wall, and what makes two findings the same thing."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from mlspend.core.alerts import TeamRules
from tests.handmade_alerts import found

PARIS = ZoneInfo("Europe/Paris")
RULES = TeamRules("#risk", (time(22), time(7)), PARIS, weekly_budget=10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-04T20:59", False),
        ("2026-11-04T21:00", True),
        ("2026-11-05T05:59", True),
        ("2026-11-05T06:00", False),
        # Summer time: the same hours by the clock on the wall, an hour earlier in UTC.
        ("2026-07-04T20:00", True),
        ("2026-07-05T04:59", True),
        ("2026-07-05T05:00", False),
        # The night in which the clocks go back is an hour longer, the other one an hour shorter.
        ("2026-10-24T20:00", True),
        ("2026-10-25T05:59", True),
        ("2026-10-25T06:00", False),
        ("2026-03-28T21:00", True),
        ("2026-03-29T04:59", True),
        ("2026-03-29T05:00", False),
    ],
)
def test_quiet_is_by_the_clock_on_the_wall(now: str, expected: bool) -> None:
    assert RULES.is_quiet(at(now)) is expected


def test_quiet_hours_within_one_day_and_none_at_all() -> None:
    siesta = replace(RULES, quiet=(time(13), time(15)), zone=UTC)
    assert [siesta.is_quiet(datetime(2026, 11, 4, hour, tzinfo=UTC)) for hour in (12, 13, 14, 15)] == [
        False,
        True,
        True,
        False,
    ]
    never = replace(RULES, quiet=(time(0), time(0)))
    assert not any(never.is_quiet(datetime(2026, 11, 4, hour, tzinfo=UTC)) for hour in range(24))


def test_the_id_is_of_kind_and_parts_and_nothing_else() -> None:
    same = replace(found("a"), level="critical", amount=None, team=None, title="other")
    assert same.alert_id == found("a").alert_id
    others = {found("a").alert_id, found("b").alert_id, replace(found("a"), kind="budget").alert_id}
    assert len(others | {replace(found("a"), parts=("a", "")).alert_id}) == 4
