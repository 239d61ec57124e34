"""What the digest reads beside the week's spend: anomalies, forecast, budgets, ways to save, days for the chart.

Each table may be missing or empty; what stands in it shows with its first row. Findings, verified savings and unit
costs come with later releases; their columns are those that the queries below name.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mlspend.adapters.digests.digest_tables import rows, tables
from mlspend.adapters.duckdb_files import Connection
from mlspend.core.digest_outlook import Budget, DayCost, Finding, Outlook, UnitCost
from mlspend.core.digest_sections import Anomaly, Facts, UsageChange
from mlspend.core.weeks import Week

# Five weeks show a trend; the eye tells about seven colours apart.
CHART_WEEKS = 5
CHART_PROJECTS = 6
OTHERS = ""

_OF_TEAMS = "(len($teams) = 0 or list_contains($teams, team))"
_ANOMALIES = f"""
    select billing_currency, project, service_name, usage_type, excess_cost, cause, coalesce(cause_detail, '')
    from marts.anomalies
    -- Of one that reaches beyond the week nothing tells which part of its excess is the week's.
    where first_date >= $monday and last_date <= $sunday and {_OF_TEAMS} and cause is not null
    order by all
"""
_USAGE = f"""
    select
        billing_currency,
        project,
        service_name,
        usage_type,
        sum(case when charge_date >= $monday then effective_cost else -effective_cost end) as change
    from marts.daily_usage
    where charge_date between $monday_before and $sunday and {_OF_TEAMS} and usage_type is not null
    group by all
    having change <> 0
    order by all
"""
# The month of the week's last day, of which something is known: at a month's end the next one is forecast too.
_FORECAST = """
    select
        billing_currency, scope, coalesce(scope_name, '') as scope_name, month, as_of_date, cost_to_date, forecast_cost,
        forecast_low_cost, forecast_high_cost, coalesce(reason, '')
    from marts.forecast
    where scope in ('company', 'team') and cost_to_date is not null
        and month = strftime(least(as_of_date, $sunday), '%Y-%m')
    order by billing_currency, scope, scope_name
"""
_BUDGETS = """
    select
        billing_currency, budget, scope, coalesce(scope_name, '') as scope_name, coalesce(team, ''), month, budget_cost,
        coalesce(cost_to_date, 0), status, projected_over_cost, exhausted_date, coalesce(reason, '')
    from marts.budgets
    -- Of months before as_of_date tells their last day; without any complete day there is one row, of no known month.
    where as_of_date is null or month = strftime(least((select max(as_of_date) from marts.budgets), $sunday), '%Y-%m')
    order by billing_currency, scope, scope_name, budget
"""
# The month so far, where no forecast says it: up to the last day that is whole in all sources that reach into the week.
_TO_DATE = f"""
    with known as (
        select
            billing_currency,
            least(min(least(last_complete_date, last_usage_date)), last_day(cast($sunday as date))) as as_of_date
        from (select distinct billing_currency, x_source from marts.daily_spend)
        join marts.complete_sources using (x_source)
        where last_complete_date is not null and last_usage_date >= $monday
        group by billing_currency
    )
    select
        billing_currency,
        case when len($teams) > 0 then team else '' end as scope_name,
        strftime(as_of_date, '%Y-%m'),
        as_of_date,
        coalesce(
            sum(effective_cost) filter (where charge_date between date_trunc('month', as_of_date) and as_of_date), 0
        )
    from marts.daily_spend
    join known using (billing_currency)
    where {_OF_TEAMS}
    group by billing_currency, scope_name, as_of_date
    order by billing_currency, scope_name
"""
_FINDINGS = f"""
    select finding_id, billing_currency, project, title, remedy, net_saving_cost
    from marts.findings
    where is_open and net_saving_cost > 0 and {_OF_TEAMS}
"""
_SAVINGS = f"""
    select billing_currency, sum(saved_cost)
    from marts.verified_savings
    where verified_date between $monday and $sunday and {_OF_TEAMS}
    group by billing_currency
    order by billing_currency
"""
_UNIT_COSTS = """
    select billing_currency, unit, unit_cost, unit_cost_before
    from marts.unit_costs
    where week_start_date = $monday
    order by billing_currency, unit
"""
_DAYS = f"""
    with spend as (
        select billing_currency, charge_date, project, sum(effective_cost) as effective_cost
        from marts.daily_spend
        where charge_date between $first and $sunday and {_OF_TEAMS}
        group by all
    ),

    ranked as (
        select
            billing_currency,
            project,
            row_number() over (partition by billing_currency order by sum(effective_cost) desc, project) as place
        from spend
        group by billing_currency, project
    )

    select
        billing_currency,
        charge_date,
        case when place <= $most then project else $others end as shown,
        sum(effective_cost)
    from spend
    join ranked using (billing_currency, project)
    group by all
    having sum(effective_cost) <> 0
    order by all
"""


def read_facts(connection: Connection, week: Week, teams: tuple[str, ...], *, is_management: bool = False) -> Facts:
    """Return what stands beside the spend of `week` for `teams` (none: the company), of all currencies."""
    known = tables(connection)
    days = {"monday_before": week.before.monday, "monday": week.monday, "sunday": week.sunday}

    def read(table: str, query: str, *names: str, **more: Any) -> list[tuple[Any, ...]]:
        parameters = {**days, "teams": list(teams), **more}
        wanted = {name: parameters[name] for name in (*names, *more)}
        return rows(connection, query, wanted) if table in known else []

    forecasts = [Outlook(*row) for row in read("marts.forecast", _FORECAST, "sunday")]
    budgets = [Budget(*row) for row in read("marts.budgets", _BUDGETS, "sunday")]
    to_date = read("marts.complete_sources", _TO_DATE, "monday", "sunday", "teams")
    chart = read(
        "marts.daily_spend",
        _DAYS,
        "sunday",
        "teams",
        first=week.monday - timedelta(weeks=CHART_WEEKS - 1),
        most=CHART_PROJECTS,
        others=OTHERS,
    )
    return Facts(
        anomalies=tuple(Anomaly(*row) for row in read("marts.anomalies", _ANOMALIES, "monday", "sunday", "teams")),
        usage=tuple(UsageChange(*row) for row in read("marts.daily_usage", _USAGE, *days, "teams")),
        outlooks=_outlooks(forecasts, to_date, teams),
        budgets=tuple(each for each in budgets if _is_for(each, teams)),
        team_outlooks=tuple(each for each in forecasts if each.scope == "team") if is_management else (),
        team_budgets=tuple(each for each in budgets if each.scope == "team") if is_management else (),
        findings=tuple(Finding(*row) for row in read("marts.findings", _FINDINGS, "teams")),
        verified_savings=tuple(read("marts.verified_savings", _SAVINGS, "monday", "sunday", "teams")),
        unit_costs=tuple(UnitCost(*row) for row in read("marts.unit_costs", _UNIT_COSTS, "monday"))
        if is_management
        else (),
        days=tuple((currency, DayCost(*row)) for currency, *row in chart),
    )


def _is_for(budget: Budget, teams: tuple[str, ...]) -> bool:
    """A team reads its own budgets and those of its projects, the company its own."""
    return budget.team in teams if teams else budget.scope == "company"


def _outlooks(
    forecasts: list[Outlook], to_date: list[tuple[str, str, str, date, Decimal]], teams: tuple[str, ...]
) -> tuple[Outlook, ...]:
    """Return the forecasts of these teams or of the company; of each that has none, the month so far."""
    scope = "team" if teams else "company"
    mine = [each for each in forecasts if each.scope == scope and (not teams or each.scope_name in teams)]
    told = {(each.billing_currency, each.scope_name) for each in mine}
    rest = [
        Outlook(currency, scope, name, month, as_of, cost)
        for currency, name, month, as_of, cost in to_date
        if (currency, name) not in told
    ]
    return tuple(sorted([*mine, *rest], key=lambda each: (each.billing_currency, each.scope_name)))
