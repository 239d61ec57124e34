"""Months of which a known amount has changed, and which of these changes are worth a line in a message."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal

# The default context of 28 digits would round sums of DECIMAL(38,12).
_EXACT = Context(prec=76)
# Percent of nearly nothing is soon much; nobody acts on less than one unit of currency.
_SMALLEST_CHANGE = Decimal(1)


@dataclass(frozen=True)
class Restated:
    """The change of an amount, and the amount as it would be without it."""

    change: Decimal
    cost_without: Decimal

    @property
    def percent(self) -> Decimal | None:
        """The change in percent of the amount without it; None where that is not a positive amount.

        >>> Restated(Decimal("-3"), Decimal("120")).percent
        Decimal('-2.5')
        >>> Restated(Decimal("-3"), Decimal("0")).percent
        """
        if self.cost_without <= 0:
            return None
        return _EXACT.divide(_EXACT.multiply(self.change, Decimal(100)), self.cost_without)

    def reaches(self, percent: Decimal) -> bool:
        """Return whether the change is worth telling: one unit of currency or more, and `percent` of the amount.

        Without a positive amount to be a part of, one unit is enough.
        """
        if abs(self.change) < _SMALLEST_CHANGE:
            return False
        return self.percent is None or abs(self.percent) >= percent


@dataclass(frozen=True)
class Restatement:
    """By how much what was known of one billing period changed in a span of time, in one currency."""

    billing_period: str
    billing_currency: str
    billed: Restated
    effective: Restated


def worth_telling(restatements: Iterable[Restatement], percent: float) -> tuple[Restatement, ...]:
    """Return those of which billed or effective cost changed by `percent` or more, the newest billing period first."""
    threshold = Decimal(str(percent))
    told = [each for each in restatements if each.billed.reaches(threshold) or each.effective.reaches(threshold)]
    told.sort(key=lambda each: each.billing_currency)
    told.sort(key=lambda each: each.billing_period, reverse=True)
    return tuple(told)
