"""Billing periods as the text 'YYYY-MM', the provider's own month (for Google Cloud the invoice month)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

# Corrections reach back a year and more; a subscription's first month may be billed a month ahead.
DAYS_BEFORE = 400
DAYS_AFTER = 31

_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def parse_period(text: str) -> str:
    """Return `text` if it is a billing period 'YYYY-MM', else raise ValueError.

    >>> parse_period("2026-10")
    '2026-10'
    """
    if not _PERIOD.fullmatch(text):
        raise ValueError(f"{text!r} is not a billing period: write it as YYYY-MM, for example 2026-10")
    return text


@dataclass(frozen=True)
class PeriodRange:
    """The billing periods from `first` to `last`, both included; None leaves that end open. ValueError where none is.

    >>> "2026-01" in PeriodRange("2025-11", "2026-01"), "2026-01" in PeriodRange(last="2025-12"), "" in PeriodRange()
    (True, False, True)
    """

    first: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        for bound in (self.first, self.last):
            if bound is not None:
                parse_period(bound)
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"{self.first} to {self.last} holds no billing period: the first is after the last")

    def __contains__(self, period: str) -> bool:
        return (self.first is None or self.first <= period) and (self.last is None or period <= self.last)

    def __str__(self) -> str:
        """Return it in words.

        >>> print(PeriodRange("2025-01", "2025-03"), PeriodRange("2025-01"), PeriodRange(last="2025-03"), sep=", ")
        2025-01 to 2025-03, from 2025-01, to 2025-03
        """
        if self.first and self.last:
            return f"{self.first} to {self.last}"
        return f"from {self.first}" if self.first else f"to {self.last}" if self.last else "all billing periods"


EVERY_PERIOD = PeriodRange()


def period_of(day: date) -> str:
    """Return the billing period that `day` falls in.

    >>> period_of(date(2026, 10, 31))
    '2026-10'
    """
    return f"{day.year:04d}-{day.month:02d}"


def shift_period(period: str, months: int) -> str:
    """Return the billing period `months` later (earlier when negative).

    >>> shift_period("2026-01", -2)
    '2025-11'
    """
    year, month = divmod(int(period[:4]) * 12 + int(period[5:]) - 1 + months, 12)
    return f"{year:04d}-{month + 1:02d}"


def first_day(period: str) -> date:
    """Return the first day of the billing period.

    >>> first_day("2026-02")
    datetime.date(2026, 2, 1)
    """
    return date(int(period[:4]), int(period[5:]), 1)


def is_near(day: date, period: str) -> bool:
    """Return whether a charge of `day` can belong to the billing period.

    >>> is_near(date(2025, 12, 1), "2026-10"), is_near(date(2046, 10, 1), "2026-10")
    (True, False)
    """
    first, following = first_day(period), first_day(shift_period(period, 1))
    return first - timedelta(DAYS_BEFORE) <= day < following + timedelta(DAYS_AFTER)
