"""What a weekly digest says, as values: one ISO week against the week before, one section per currency.

Currencies are never added up. Amounts are exact; rounding is a matter of the page. Missing is not zero: where the
published data does not cover the whole week before, there is no comparison, and without a forecast there is a reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Literal

from mlspend.core.digest_outlook import Budget, DayCost, Finding, Outlook, UnitCost
from mlspend.core.restatements import Restatement
from mlspend.core.weeks import Week

RESIDUAL_PROJECT = "unattributed"
RESIDUAL_STAGE = "unknown"
# The default context of 28 digits would round sums of DECIMAL(38,12).
_EXACT = Context(prec=76)


@dataclass(frozen=True)
class Audience:
    """Who reads a digest, where, and how it is written.

    `channel` is empty where it goes by e-mail alone. `teams` is empty for the whole company's and the management's.
    """

    kind: Literal["company", "team", "management"]
    channel: str = ""
    teams: tuple[str, ...] = ()
    language: str = "en"
    time_zone: str = "UTC"
    emails: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells this audience from every other, for keys and folders."""
        if self.kind == "management":
            return "management"
        return self.channel or f"mail {', '.join(self.teams) or self.kind}"

    @property
    def readers(self) -> str:
        """Whom it is for, wherever their digest is posted: what an e-mail is known by."""
        return f"team {', '.join(sorted(self.teams))}" if self.teams else self.kind


@dataclass(frozen=True)
class Coverage:
    """The first and the last day that usage of one source in one currency is published for.

    `complete_day` is the last one that is whole in all accounts of the source; None where nothing tells.
    """

    x_source: str
    billing_currency: str
    first_day: date
    last_day: date
    complete_day: date | None = None

    @property
    def whole_to(self) -> date:
        """The last day with usage that is whole.

        >>> Coverage("aws", "USD", date(2026, 10, 1), date(2026, 10, 25), date(2026, 10, 24)).whole_to
        datetime.date(2026, 10, 24)
        """
        return min(self.last_day, self.complete_day or self.last_day)

    def covers(self, week: Week) -> bool:
        """Return whether every day of the week is published and whole."""
        return self.first_day <= week.monday and week.sunday <= self.whole_to


@dataclass(frozen=True)
class CompleteDays:
    """The last day of a source that can be expected to be whole."""

    x_source: str
    last_complete_date: date


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
class OwnCost:
    """What mlspend itself used in the week: requests to provider APIs and bytes of exports read.

    `estimated_cost` is in USD, of the requests with a known price; `unpriced_calls` have none.
    """

    api_calls: int = 0
    unpriced_calls: int = 0
    estimated_cost: Decimal = Decimal(0)
    bytes_read: int = 0


@dataclass(frozen=True)
class OpenAlert:
    """An alert of the audience's teams that is still open. The amount is empty where the alert is about none.

    A reader's language makes its title of `kind` (core/alerts.py), `scope`, what of it (a month 'YYYY-MM' or nothing)
    and `detail`: the check, the kind of gate, or "never" of a source that never delivered. `title` is the English one,
    for a kind that is not known.
    """

    alert_id: str
    level: str
    title: str
    opened_at: datetime
    amount: Decimal | None = None
    billing_currency: str = ""
    kind: str = ""
    scope: str = ""
    month: str = ""
    detail: str = ""


@dataclass(frozen=True)
class GateNote:
    """A gate that is red, but not for the days that this digest tells."""

    x_source: str
    billing_period: str
    kind: str
    since: datetime


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
class Cause:
    """What a change came from: the kind of cause that an anomaly tells, else the service that moved most.

    `kind` is price, quantity or mix; empty where no anomaly explains the change. `detail` is what the anomaly names.
    """

    kind: str
    service_name: str
    usage_type: str
    detail: str
    change: Decimal


@dataclass(frozen=True)
class Mover:
    """A project's ML stage whose effective cost moved, and what it came from."""

    project: str
    ml_stage: str
    effective: Compared
    cause: Cause | None = None


@dataclass(frozen=True)
class Residual:
    """What could not be attributed: the amount and its share of the section's total in percent."""

    effective_cost: Decimal
    share_percent: Decimal | None


@dataclass(frozen=True)
class TeamCost:
    """One team's week. Forecast and budget are of the current month; None where there is none."""

    team: str
    effective: Compared
    without_stage: Residual
    outlook: Outlook | None = None
    budget: Budget | None = None


@dataclass(frozen=True)
class Section:
    """All that is said about one currency. `projects` add up to `effective`, dearest first; so do `teams`."""

    billing_currency: str
    effective: Compared
    billed: Compared
    projects: tuple[ProjectCost, ...]
    movers: tuple[Mover, ...]
    without_project: Residual
    without_stage: Residual
    missing_sources: tuple[str, ...]
    teams: tuple[TeamCost, ...] = ()
    outlooks: tuple[Outlook, ...] = ()
    budgets: tuple[Budget, ...] = ()
    findings: tuple[Finding, ...] = ()
    verified_saving: Decimal | None = None
    unit_costs: tuple[UnitCost, ...] = ()
    days: tuple[DayCost, ...] = ()


@dataclass(frozen=True)
class Digest:
    """One message: a week's spend of the whole company or of the projects of some teams.

    `restated` is about the whole company in either case, and about changes that became known within the week.
    """

    company: str
    audience: Audience
    week: Week
    composed_at: datetime
    sections: tuple[Section, ...]
    coverage: tuple[Coverage, ...]
    complete: tuple[CompleteDays, ...]
    deliveries: tuple[NewestDelivery, ...]
    reconciliation: tuple[Reconciliation, ...]
    open_periods: tuple[OpenPeriod, ...]
    restated: tuple[Restatement, ...]
    checks: Checks
    own_cost: OwnCost
    alerts: tuple[OpenAlert, ...]
    gates: tuple[GateNote, ...]
    build_id: str
    published_at: datetime

    @property
    def newest_day(self) -> date:
        """The newest day that any source has usage for."""
        return max(each.last_day for each in self.coverage)

    @property
    def complete_to(self) -> date | None:
        """The last day up to which every source is whole that reaches into the week or beyond; None: unknown."""
        behind = {each.x_source for each in self.coverage if each.last_day < self.week.monday}
        return min((each.last_complete_date for each in self.complete if each.x_source not in behind), default=None)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum, also beyond the 28 digits of the default context.

    >>> total([Decimal("12345678901234567890.000000000001"), Decimal("0.000000000001")])
    Decimal('12345678901234567890.000000000002')
    """
    sum_so_far = Decimal(0)
    for amount in amounts:
        sum_so_far = _EXACT.add(sum_so_far, amount)
    return sum_so_far


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return `part` in percent of `whole`, None where that is no positive amount.

    >>> share(Decimal(5), Decimal(20)), share(Decimal(5), Decimal(0))
    (Decimal('25'), None)
    """
    return _EXACT.divide(_EXACT.multiply(part, Decimal(100)), whole) if whole > 0 else None
