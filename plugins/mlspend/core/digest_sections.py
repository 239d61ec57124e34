"""How the rows of the published tables become the sections of a digest: which week, what moved and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from mlspend.core.digest import (
    RESIDUAL_PROJECT,
    RESIDUAL_STAGE,
    Cause,
    Compared,
    Coverage,
    Mover,
    ProjectCost,
    Residual,
    Section,
    TeamCost,
    share,
    total,
)
from mlspend.core.digest_outlook import Budget, DayCost, Finding, Outlook, UnitCost
from mlspend.core.weeks import Week

MOVERS = 3
FINDINGS = 3
# A change that no invoice could show is not a move.
_SMALLEST_MOVE = Decimal("0.005")
_CAUSES = ("price", "quantity", "mix")
# What stays high is unusual on its first days only, until it is the usual: two days of a week are a quarter of it.
_EXPLAINED_FROM = Decimal("0.25")


@dataclass(frozen=True)
class Spend:
    """Cost of one project, ML stage and service in one currency, in the digest's week and the week before."""

    billing_currency: str
    project: str
    team: str
    ml_stage: str
    service_name: str
    effective_cost: Decimal
    billed_cost: Decimal
    effective_cost_before: Decimal
    billed_cost_before: Decimal


@dataclass(frozen=True)
class Anomaly:
    """Unusual spend that lies whole within the week; `cause` is price, quantity, mix or unknown."""

    billing_currency: str
    project: str
    service_name: str
    usage_type: str
    excess_cost: Decimal
    cause: str
    cause_detail: str


@dataclass(frozen=True)
class UsageChange:
    """By how much a usage type of a project's service changed against the week before."""

    billing_currency: str
    project: str
    service_name: str
    usage_type: str
    change: Decimal


@dataclass(frozen=True)
class Facts:
    """The rows beside the week's spend, of all currencies; `verified_savings` by currency."""

    anomalies: tuple[Anomaly, ...] = ()
    usage: tuple[UsageChange, ...] = ()
    outlooks: tuple[Outlook, ...] = ()
    budgets: tuple[Budget, ...] = ()
    team_outlooks: tuple[Outlook, ...] = ()
    team_budgets: tuple[Budget, ...] = ()
    findings: tuple[Finding, ...] = ()
    verified_savings: tuple[tuple[str, Decimal], ...] = ()
    unit_costs: tuple[UnitCost, ...] = ()
    days: tuple[tuple[str, DayCost], ...] = ()


NO_FACTS = Facts()


def choose_week(coverage: Sequence[Coverage], today: date) -> Week:
    """Return the last week that is whole in at least one source.

    A source that has fallen behind does not hold the digest back, and a late account of the only source does so for a
    week: then what there is is told, and its section says what is missing.
    """
    a_week_ago = today - timedelta(days=7)
    newest_day = max(max(each.whole_to, min(each.last_day, a_week_ago)) for each in coverage)
    return Week.last_complete(newest_day, today)


def compose_sections(
    spend: Iterable[Spend],
    coverage: Sequence[Coverage],
    week: Week,
    facts: Facts = NO_FACTS,
    *,
    with_teams: bool = False,
) -> tuple[Section, ...]:
    """Return one section per currency with spend in either week, in the order of the currency codes."""
    ordered = sorted(spend, key=lambda cell: cell.billing_currency)
    sections = tuple(
        _compose_section(currency, tuple(cells), coverage, week, _of(currency, facts), with_teams=with_teams)
        for currency, cells in groupby(ordered, key=lambda cell: cell.billing_currency)
    )
    # A budget may be in a currency that nothing is billed in; its line names it.
    rest = tuple(
        each for each in facts.budgets if each.billing_currency not in {one.billing_currency for one in sections}
    )
    return (replace(sections[0], budgets=sections[0].budgets + rest), *sections[1:]) if sections else ()


def _of(currency: str, facts: Facts) -> Facts:
    """Return the facts in one currency."""
    return Facts(
        anomalies=tuple(each for each in facts.anomalies if each.billing_currency == currency),
        usage=tuple(each for each in facts.usage if each.billing_currency == currency),
        outlooks=tuple(each for each in facts.outlooks if each.billing_currency == currency),
        budgets=tuple(each for each in facts.budgets if each.billing_currency == currency),
        team_outlooks=tuple(each for each in facts.team_outlooks if each.billing_currency == currency),
        team_budgets=tuple(each for each in facts.team_budgets if each.billing_currency == currency),
        findings=tuple(each for each in facts.findings if each.billing_currency == currency),
        verified_savings=tuple(each for each in facts.verified_savings if each[0] == currency),
        unit_costs=tuple(each for each in facts.unit_costs if each.billing_currency == currency),
        days=tuple(each for each in facts.days if each[0] == currency),
    )


def _compose_section(
    currency: str,
    cells: Sequence[Spend],
    coverage: Sequence[Coverage],
    week: Week,
    facts: Facts,
    *,
    with_teams: bool,
) -> Section:
    # A source that ended before both weeks is missing from both alike.
    relevant = [each for each in coverage if each.billing_currency == currency and each.last_day >= week.before.monday]
    is_comparable = all(each.covers(week) and each.covers(week.before) for each in relevant)

    def compared(some: Iterable[Spend]) -> Compared:
        return _compare(some, is_comparable=is_comparable)

    effective = compared(cells)
    projects = [
        ProjectCost(project, cost, share(cost.this_week, effective.this_week))
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
        movers=_movers(cells, facts) if is_comparable else (),
        without_project=_residual((cell for cell in cells if cell.project == RESIDUAL_PROJECT), effective.this_week),
        without_stage=_residual((cell for cell in cells if cell.ml_stage == RESIDUAL_STAGE), effective.this_week),
        missing_sources=tuple(sorted(each.x_source for each in relevant if not each.covers(week))),
        teams=_teams(cells, facts, is_comparable=is_comparable) if with_teams else (),
        outlooks=facts.outlooks,
        budgets=facts.budgets,
        findings=tuple(sorted(facts.findings, key=lambda each: (-each.net_saving_cost, each.finding_id))[:FINDINGS]),
        verified_saving=next((saving for _, saving in facts.verified_savings), None),
        unit_costs=facts.unit_costs,
        days=tuple(day for _, day in facts.days),
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


def _movers(cells: Sequence[Spend], facts: Facts) -> tuple[Mover, ...]:
    """Return the few biggest moves in either direction, the biggest first, equal ones by name.

    An anomaly knows no stage: it explains the biggest of the moves that it may explain, and no other.
    """
    moves: list[tuple[Decimal, str, str, Compared, tuple[Spend, ...]]] = []
    for (project, ml_stage), some in _grouped(cells, lambda cell: (cell.project, cell.ml_stage)):
        cost = _compare(some, is_comparable=True)
        if cost.change is not None and abs(cost.change) >= _SMALLEST_MOVE:
            moves.append((cost.change, project, ml_stage, cost, some))
    moves.sort(key=lambda move: (-abs(move[0]), move[1], move[2]))
    rest = [each for each in facts.anomalies if each.cause in _CAUSES]
    movers = []
    for change, project, ml_stage, cost, some in moves[:MOVERS]:
        services = {
            service: _compare(cells, is_comparable=True).change or Decimal(0)
            for (service,), cells in _grouped(some, lambda cell: (cell.service_name,))
        }
        if best := _explaining(project, services, change, rest):
            rest.remove(best)
            # More than what moved cannot have moved it.
            part = min((best.excess_cost, services[best.service_name], change), key=abs)
            cause = Cause(best.cause, best.service_name, best.usage_type, best.cause_detail, part)
        else:
            cause = _largest(project, services, change, facts)
        movers.append(Mover(project, ml_stage, cost, cause))
    return tuple(movers)


def _explaining(
    project: str, services: Mapping[str, Decimal], change: Decimal, anomalies: Sequence[Anomaly]
) -> Anomaly | None:
    """Return the anomaly that explains most of a change, of those that explain enough of it."""
    sign = 1 if change > 0 else -1
    explaining = [
        each
        for each in anomalies
        if each.project == project
        and min(sign * each.excess_cost, sign * services.get(each.service_name, Decimal(0)))
        >= _EXPLAINED_FROM * abs(change)
    ]
    return max(explaining, key=lambda each: (abs(each.excess_cost), each.service_name, each.usage_type), default=None)


def _largest(project: str, services: Mapping[str, Decimal], change: Decimal, facts: Facts) -> Cause:
    """Return the service that moved most in the direction of a change, with the usage type that did."""
    sign = 1 if change > 0 else -1
    service, moved = max(services.items(), key=lambda each: (sign * each[1], each[0]))
    usage = [each for each in facts.usage if (each.project, each.service_name) == (project, service)]
    most = max(usage, key=lambda each: (sign * each.change, each.usage_type), default=None)
    usage_type = most.usage_type if most and sign * most.change > 0 else ""
    return Cause("", service, usage_type, "", moved)


def _teams(cells: Sequence[Spend], facts: Facts, *, is_comparable: bool) -> tuple[TeamCost, ...]:
    """Return each team's week, the dearest first."""
    outlooks = {each.scope_name: each for each in facts.team_outlooks}
    budgets = {each.scope_name: each for each in reversed(facts.team_budgets)}
    teams = []
    for (team,), some in _grouped(cells, lambda cell: (cell.team,)):
        cost = _compare(some, is_comparable=is_comparable)
        unknown = _residual((cell for cell in some if cell.ml_stage == RESIDUAL_STAGE), cost.this_week)
        teams.append(TeamCost(team, cost, unknown, outlooks.get(team), budgets.get(team)))
    return tuple(sorted(teams, key=lambda each: (-each.effective.this_week, each.team)))


def _residual(cells: Iterable[Spend], whole: Decimal) -> Residual:
    cost = total(cell.effective_cost for cell in cells)
    return Residual(cost, share(cost, whole))
