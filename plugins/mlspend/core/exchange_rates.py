"""Which exchange rate the amounts of a billing period are converted with: the stated, the frozen, the file's newest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from mlspend.core.periods import first_day, period_of, shift_period

Origin = Literal["configuration", "frozen", "file", "same_currency"]
Pair = tuple[str, str]
"""A billing period 'YYYY-MM' and the currency that is converted."""


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency is worth in the reporting currency.

    `rate_date` is the day the rate is of: of a rate stated for a whole month the month's last, of none needed None.
    """

    rate: Decimal
    rate_date: date | None
    origin: Origin

    def __str__(self) -> str:
        """Return the rate itself, the same text for 1.1 and 1.100: equal rates must not look like a change."""
        return f"{self.rate.normalize():f}"


@dataclass(frozen=True)
class FileRate:
    """One line of the file of rates."""

    rate_date: date
    from_currency: str
    to_currency: str
    rate: Decimal


@dataclass(frozen=True)
class ExchangeRates:
    """All rates to the reporting currency that are known, per month and currency."""

    reporting: str
    stated: Mapping[Pair, Decimal] = field(default_factory=dict)
    frozen: Mapping[Pair, Rate] = field(default_factory=dict)
    in_file: Mapping[Pair, Rate] = field(default_factory=dict)

    def rate(self, period: str, currency: str) -> Rate | None:
        """Return what `currency` is worth in a billing period; None where nobody says.

        >>> rates = ExchangeRates("USD", stated={("2026-09", "EUR"): Decimal("1.1034")})
        >>> rates.rate("2026-09", "EUR")
        Rate(rate=Decimal('1.1034'), rate_date=datetime.date(2026, 9, 30), origin='configuration')
        >>> rates.rate("2026-09", "USD").rate, rates.rate("2026-10", "EUR")
        (Decimal('1'), None)
        """
        if currency == self.reporting:
            return Rate(Decimal(1), None, "same_currency")
        key = (period, currency)
        if key in self.stated:
            return Rate(self.stated[key], last_day(period), "configuration")
        return self.frozen.get(key) or self.in_file.get(key)

    def plain(self, period: str, currencies: Iterable[str]) -> dict[str, Any]:
        """Return the rates of one billing period as plain values for JSON: only what its amounts depend on.

        What is frozen is told like what was read from the file: the day a rate is frozen nothing is converted anew.
        """
        found = {currency: self.rate(period, currency) for currency in sorted(set(currencies))}
        return {
            "currency": self.reporting,
            "rates": [
                {
                    "billing_currency": currency,
                    "rate": str(each),
                    "rate_date": each.rate_date.isoformat() if each.rate_date else None,
                    "origin": "file" if each.origin == "frozen" else each.origin,
                }
                for currency, each in found.items()
                if each is not None
            ],
        }

    def moved(self) -> list[tuple[str, str, Rate, Rate]]:
        """Return where the file says something else by now than what is frozen: month, currency, frozen, the file's.

        Where a rate is stated, neither counts.
        """
        return [
            (*key, frozen, found)
            for key, frozen in sorted(self.frozen.items())
            if key not in self.stated and (found := self.in_file.get(key)) and found.rate != frozen.rate
        ]


def newest_of_months(rates: Iterable[FileRate], reporting: str) -> dict[Pair, Rate]:
    """Return the newest rate to the reporting currency per month and currency.

    >>> lines = [FileRate(date(2026, 9, day), "EUR", "USD", Decimal(day)) for day in (3, 28, 14)]
    >>> newest_of_months(lines, "USD")["2026-09", "EUR"].rate_date
    datetime.date(2026, 9, 28)
    """
    newest: dict[Pair, Rate] = {}
    for each in sorted(rates, key=lambda one: one.rate_date):
        if each.to_currency == reporting:
            newest[period_of(each.rate_date), each.from_currency] = Rate(each.rate, each.rate_date, "file")
    return newest


def last_day(period: str) -> date:
    """Return the last day of a billing period.

    >>> last_day("2026-02")
    datetime.date(2026, 2, 28)
    """
    return first_day(shift_period(period, 1)) - timedelta(days=1)
