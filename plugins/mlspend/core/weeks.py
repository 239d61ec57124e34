"""ISO weeks, Monday to Sunday in UTC, written 'YYYY-Www'."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class Week:
    """One ISO week, known by its Monday."""

    monday: date

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the week that `day` falls in.

        >>> str(Week.of(date(2027, 1, 3)))
        '2026-W53'
        """
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the week written as 'YYYY-Www', else raise ValueError.

        >>> Week.parse("2026-W46").monday
        datetime.date(2026, 11, 9)
        """
        match = _WEEK.fullmatch(text)
        try:
            if match:
                return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))
        except ValueError:
            pass
        raise ValueError(f"{text!r} is not an ISO week: write it as YYYY-Www, for example 2026-W46")

    @classmethod
    def last_complete(cls, newest_day: date, today: date) -> Self:
        """Return the last week whose Sunday is over and not later than the newest day of data.

        >>> str(Week.last_complete(date(2026, 11, 15), today=date(2026, 11, 22)))
        '2026-W46'
        >>> str(Week.last_complete(date(2026, 11, 14), today=date(2026, 11, 22)))
        '2026-W45'
        """
        return cls.of(min(newest_day, today - timedelta(days=1)) - timedelta(days=6))

    @property
    def sunday(self) -> date:
        """The last day of this week."""
        return self.monday + timedelta(days=6)

    @property
    def before(self) -> Self:
        """The week before this one."""
        return type(self)(self.monday - timedelta(days=7))

    def __str__(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"
