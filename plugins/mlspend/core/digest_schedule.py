"""When a team's digest is due: at its hour of the week, in its time zone. Weeks themselves are weeks in UTC."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from mlspend.core.weeks import Week

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SEND_AT = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$"


def due_at(week: Week, send_at: str, zone: tzinfo) -> datetime:
    """Return the first `send_at` ('Mon 09:00') after the week, as it is in `zone`, in UTC.

    Where the Monday's hour passes before the week ends in UTC, it is the week's end. An hour that a change of clocks
    leaves out counts as the hour after it.

    >>> from zoneinfo import ZoneInfo
    >>> due_at(Week.parse("2026-W43"), "Mon 09:00", ZoneInfo("Europe/Paris")).isoformat()
    '2026-10-26T08:00:00+00:00'
    >>> due_at(Week.parse("2026-W43"), "Sun 18:00", ZoneInfo("America/Los_Angeles")).isoformat()
    '2026-10-26T01:00:00+00:00'
    """
    if not re.fullmatch(SEND_AT, send_at):
        raise ValueError(f"{send_at!r} is no hour of the week: write it as Mon 09:00")
    day, clock = send_at.split(" ")
    monday = week.sunday + timedelta(days=1)
    end = datetime.combine(monday, time(), tzinfo=UTC)
    first = monday + timedelta(days=_WEEKDAYS.index(day))
    there = [datetime.combine(first - timedelta(days=n), time.fromisoformat(clock), tzinfo=zone) for n in (7, 0)]
    # West of Greenwich the Sunday goes on when the week is over in UTC.
    early, late = (moment.astimezone(UTC) for moment in there)
    return early if early >= end else max(late, end)


def weeks_due(told: Week, now: datetime, send_at: str, zone: tzinfo) -> tuple[Week, ...]:
    """Return the weeks whose digests are to be out at `now`, where `told` is the newest that the data covers.

    That is `told`, or until its own hour the week before it, which nobody may have had time to tell; and the last week
    that is over, whose data is not there yet.
    """
    due = [week for week in (told, told.before) if now >= due_at(week, send_at, zone)][:1]
    last = slot_of(now)
    return (*due, last) if last > told and now >= due_at(last, send_at, zone) else tuple(due)


def slot_of(now: datetime) -> Week:
    """Return the week whose digest is the newest that can be asked for at `now`: the last one that is over in UTC.

    >>> str(slot_of(datetime(2026, 10, 26, 0, 0, tzinfo=UTC)))
    '2026-W43'
    """
    return Week.of(now.astimezone(UTC).date()).before
