"""What the weekly digest says, as numbers: one ISO week against the week before, one section per currency.

Currencies are never added up. Amounts are exact; rounding is a matter of the page. Missing is not zero: where the
published data does not cover the whole week before, there is no comparison.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from itertools import groupby

from mlspend.core.restatements import Restatement
from mlspend.core.weeks import Week

RESIDUAL_PROJECT = "unattributed"
RESIDUAL_STAGE = "unknown"
MOVERS_EACH_WAY = 3
# A change that no invoice could show is not a move.
_SMALLEST_MOVE = Decimal("0.005")
# The default context of 28 digits would round sums of DECIMAL(38,12).
_EXACT = Context(prec=76)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Spend:
    """Cost of one project and ML stage in one currency, in the digest's week and the week before."""

    billing_currency: str
    project: str
    ml_stage: str
    effective_cost: Decimal
    billed_cost: Decimal
    effective_cost_before: Decimal
    billed_cost_before: Decimal


@dataclass(frozen=True)
class Coverage:
    """The first and the last day that usage of one source in one currency is published for."""

    x_source: str
    billing_currency: str
    first_day: date
    last_day: date

    def covers(self, week: Week) -> bool:
        """Return whether the whole week lies within the published days."""
        return self.first_day <= week.monday and week.sunday <= self.last_day


@dataclass(frozen=True)
class NewestDelivery:
    """When the newest delivery of a source was written by its provider (UTC)."""

    x_source: str
    delivered_at: datetime


@dataclass(frozen=True)
class Reconciliation:
    """Σ landed against Σ published over all billing periods of one currency; the differences are absolute."""

    billing_currency: str
    period_count: int
    unreconciled_periods: tuple[str, ...]
    landed_billed_cost: Decimal
    published_billed_cost: Decimal
    largest_difference: Decimal


@dataclass(frozen=True)
class OpenPeriod:
    """A billing period of the week that is not final: its amounts are provisional."""

    x_source: str
    billing_period: str


@dataclass(frozen=True)
class Checks:
    """How many data-quality checks stand behind this publication, how many passed, and the names of the others."""

    passed: int
    total: int
    warned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """An amount this week, and in the week before (None: not covered by the data)."""

    this_week: Decimal
    week_before: Decimal | None

    @property
    def change(self) -> Decimal | None:
        """This week minus the week before."""
        return None if self.week_before is None else _EXACT.subtract(self.this_week, self.week_before)

    @property
    def change_percent(self) -> Decimal | None:
        """The change in percent of the week before; None where that is not a positive amount.

        >>> Compared(Decimal("110"), Decimal("100")).change_percent
        Decimal('10')
        >>> Compared(Decimal("110"), Decimal("0")).change_percent
        """
        if self.change is None or not self.week_before or self.week_before < 0:
            return None
        return _EXACT.divide(_EXACT.multiply(self.change, Decimal(100)), self.week_before)


@dataclass(frozen=True)
class ProjectCost:
    """Effective cost of one project, and its share of the section's total in percent (None: no positive total)."""

    project: str
    effective: Compared
    share_percent: Decimal | None


@dataclass(frozen=True)
class Mover:
    """A project's ML stage whose effective cost moved."""

    project: str
    ml_stage: str
    effective: Compared


@dataclass(frozen=True)
class Residual:
    """What could not be attributed: the amount and its share of the section's total in percent."""

    effective_cost: Decimal
    share_percent: Decimal | None


@dataclass(frozen=True)
class Section:
    """All that is said about one currency. `projects` add up to `effective`, dearest first."""

    billing_currency: str
    effective: Compared
    billed: Compared
    projects: tuple[ProjectCost, ...]
    risers: tuple[Mover, ...]
    fallers: tuple[Mover, ...]
    without_project: Residual
    without_stage: Residual
    missing_sources: tuple[str, ...]


@dataclass(frozen=True)
class Digest:
    """One message: a week's spend of the whole company (`teams` empty) or of the projects of some teams.

    `restated` is about the whole company in either case, and about changes that became known within the week.
    """

    company: str
    teams: tuple[str, ...]
    week: Week
    composed_at: datetime
    sections: tuple[Section, ...]
    coverage: tuple[Coverage, ...]
    deliveries: tuple[NewestDelivery, ...]
    reconciliation: tuple[Reconciliation, ...]
    open_periods: tuple[OpenPeriod, ...]
    restated: tuple[Restatement, ...]
    checks: Checks
    build_id: str
    published_at: datetime

    @property
    def newest_day(self) -> date:
        """The newest day that any source has usage for."""
        return max(each.last_day for each in self.coverage)


def choose_week(coverage: Sequence[Coverage], today: date) -> Week:
    """Return the last complete week that at least one source covers to its end.

    A source that has fallen behind does not hold the digest back; its section says what is missing.
    """
    return Week.last_complete(max(each.last_day for each in coverage), today)


def compose_sections(spend: Iterable[Spend], coverage: Sequence[Coverage], week: Week) -> tuple[Section, ...]:
    """Return one section per currency with spend in either week, in the order of the currency codes."""
    ordered = sorted(spend, key=_currency)
    return tuple(
        _compose_section(currency, tuple(cells), [each for each in coverage if each.billing_currency == currency], week)
        for currency, cells in groupby(ordered, key=_currency)
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, also beyond the 28 digits of the default context.

    >>> total([Decimal("12345678901234567890.000000000001"), Decimal("0.000000000001")])
    Decimal('12345678901234567890.000000000002')
    """
    sum_so_far = _ZERO
    for amount in amounts:
        sum_so_far = _EXACT.add(sum_so_far, amount)
    return sum_so_far


def _currency(spend: Spend) -> str:
    return spend.billing_currency


def _compose_section(currency: str, cells: Sequence[Spend], coverage: Sequence[Coverage], week: Week) -> Section:
    # A source that ended before both weeks is missing from both alike.
    relevant = [each for each in coverage if each.last_day >= week.before.monday]
    is_comparable = all(each.covers(week) and each.covers(week.before) for each in relevant)

    def compared(some: Iterable[Spend]) -> Compared:
        return _compare(some, is_comparable=is_comparable)

    effective = compared(cells)
    movers = [
        Mover(project, ml_stage, compared(some))
        for (project, ml_stage), some in _grouped(cells, lambda cell: (cell.project, cell.ml_stage))
    ]
    projects = [
        ProjectCost(project, cost, _share(cost.this_week, effective.this_week))
        for (project,), some in _grouped(cells, lambda cell: (cell.project,))
        for cost in [compared(some)]
    ]
    return Section(
        billing_currency=currency,
        effective=effective,
        billed=Compared(
            total(cell.billed_cost for cell in cells),
            total(cell.billed_cost_before for cell in cells) if is_comparable else None,
        ),
        projects=tuple(sorted(projects, key=lambda each: (-each.effective.this_week, each.project))),
        risers=_biggest(movers, sign=1),
        fallers=_biggest(movers, sign=-1),
        without_project=_residual((cell for cell in cells if cell.project == RESIDUAL_PROJECT), effective.this_week),
        without_stage=_residual((cell for cell in cells if cell.ml_stage == RESIDUAL_STAGE), effective.this_week),
        missing_sources=tuple(sorted(each.x_source for each in relevant if not each.covers(week))),
    )


def _compare(cells: Iterable[Spend], *, is_comparable: bool) -> Compared:
    cells = tuple(cells)
    return Compared(
        total(cell.effective_cost for cell in cells),
        total(cell.effective_cost_before for cell in cells) if is_comparable else None,
    )


def _grouped(
    cells: Sequence[Spend], key: Callable[[Spend], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], tuple[Spend, ...]]]:
    return [(name, tuple(some)) for name, some in groupby(sorted(cells, key=key), key=key)]


def _biggest(movers: Iterable[Mover], *, sign: int) -> tuple[Mover, ...]:
    """Return the few biggest moves in one direction, the biggest first, equal ones by name."""
    moves = [
        (sign * change, mover)
        for mover in movers
        if (change := mover.effective.change) is not None and sign * change >= _SMALLEST_MOVE
    ]
    moves.sort(key=lambda move: (-move[0], move[1].project, move[1].ml_stage))
    return tuple(mover for _, mover in moves[:MOVERS_EACH_WAY])


def _residual(cells: Iterable[Spend], whole: Decimal) -> Residual:
    cost = total(cell.effective_cost for cell in cells)
    return Residual(cost, _share(cost, whole))


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return _EXACT.divide(_EXACT.multiply(part, Decimal(100)), whole) if whole > 0 else None
