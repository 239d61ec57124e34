"""What a digest tells beside the week itself: the month to its end, budgets, ways to save, and days for the chart."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal

# The default context of 28 digits would round sums of DECIMAL(38,12).
_EXACT = Context(prec=76)


@dataclass(frozen=True)
class Outlook:
    """The month up to `as_of_date` and what is expected of all of it, with the 80 % band.

    `forecast_cost` is None where there is no forecast; then `reason` says why, as far as anything is known.
    """

    billing_currency: str
    scope: str
    scope_name: str
    month: str
    as_of_date: date
    cost_to_date: Decimal
    forecast_cost: Decimal | None = None
    forecast_low_cost: Decimal | None = None
    forecast_high_cost: Decimal | None = None
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the month is known to its end: there is nothing left to forecast.

        >>> Outlook("USD", "company", "", "2026-10", date(2026, 10, 31), Decimal(9)).is_over
        True
        >>> Outlook("USD", "company", "", "2026-11", date(2026, 10, 31), Decimal(0)).is_over
        False
        """
        return f"{self.as_of_date + timedelta(days=1):%Y-%m}" > self.month


@dataclass(frozen=True)
class Budget:
    """A budget of the month; `status` is on_track, at_risk, will_burst, burst or unknown (then with a reason)."""

    billing_currency: str
    budget: str
    scope: str
    scope_name: str
    team: str
    month: str
    budget_cost: Decimal
    cost_to_date: Decimal
    status: str
    projected_over_cost: Decimal | None = None
    exhausted_date: date | None = None
    reason: str = ""

    @property
    def spent_percent(self) -> Decimal:
        """How much of it is spent, in percent; a budget is more than 0.

        >>> Budget("USD", "all", "company", "", "", "2026-10", Decimal(80), Decimal(60), "on_track").spent_percent
        Decimal('75')
        """
        return _EXACT.divide(_EXACT.multiply(self.cost_to_date, Decimal(100)), self.budget_cost)

    @property
    def over_cost(self) -> Decimal:
        """What was spent beyond it.

        >>> Budget("USD", "all", "company", "", "", "2026-10", Decimal(50), Decimal(60), "burst").over_cost
        Decimal('10')
        """
        return max(_EXACT.subtract(self.cost_to_date, self.budget_cost), Decimal(0))


@dataclass(frozen=True)
class Finding:
    """A way to save: what a month would cost less after all that acting on it costs."""

    finding_id: str
    billing_currency: str
    project: str
    title: str
    remedy: str
    net_saving_cost: Decimal


@dataclass(frozen=True)
class UnitCost:
    """What one unit of work cost in the week, and in the week before (None: unknown)."""

    billing_currency: str
    unit: str
    unit_cost: Decimal
    unit_cost_before: Decimal | None = None


@dataclass(frozen=True)
class DayCost:
    """Effective cost of one project on one UTC day."""

    day: date
    project: str
    effective_cost: Decimal
