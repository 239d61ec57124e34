"""When a team's digest is due: at its hour of the week, in its time zone. Weeks themselves are weeks in UTC."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from mlspend.core.weeks import Week

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SEND_AT = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d$"


def due_at(week: Week, send_at: str, zone: tzinfo) -> datetime:
    """Return the first `send_at` ('Mon 09:00') after the week, as it is in `zone`, in UTC; never before the week ends.

    An hour that a change of clocks leaves out counts as the hour after it.

    >>> from zoneinfo import ZoneInfo
    >>> due_at(Week.parse("2026-W43"), "Mon 09:00", ZoneInfo("Europe/Paris")).isoformat()
    '2026-10-26T08:00:00+00:00'
    """
    if not re.fullmatch(SEND_AT, send_at):
        raise ValueError(f"{send_at!r} is no hour of the week: write it as Mon 09:00")
    day, clock = send_at.split(" ")
    monday = week.monday + timedelta(days=7)
    there = datetime.combine(monday + timedelta(days=_WEEKDAYS.index(day)), time.fromisoformat(clock), tzinfo=zone)
    return max(there.astimezone(UTC), datetime.combine(monday, time(), tzinfo=UTC))


def slot_of(now: datetime) -> Week:
    """Return the week whose digest is the newest that can be asked for at `now`: the last one that is over in UTC.

    >>> str(slot_of(datetime(2026, 10, 26, 0, 0, tzinfo=UTC)))
    '2026-W43'
    """
    return Week.of(now.astimezone(UTC).date()).before
