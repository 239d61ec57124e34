"""Alerts about spend, from the published tables: unusual spend, budgets, and checks that warn."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.alerting.looking import Found
from mlspend.adapters.config import Config
from mlspend.adapters.config_base import RESERVED_NAMES
from mlspend.adapters.duckdb_files import Connection
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core import wording
from mlspend.core.alerts import RUNAWAY, Candidate, Kind, Level

# The project's normal day is the median of the four weeks before the anomaly: as many of each weekday, and no mean
# that an earlier outlier could move. Amounts are not divided: the median is a day that there was.
_ANOMALIES = """
    with days as (
        select project, billing_currency, charge_date, sum(effective_cost) as effective_cost
        from marts.daily_spend
        group by all
    ),

    normal as (
        select
            anomalies.anomaly_id,
            quantile_disc(days.effective_cost, 0.5) as normal_cost
        from marts.anomalies as anomalies
        inner join days on anomalies.project = days.project and anomalies.billing_currency = days.billing_currency
            and days.charge_date >= anomalies.first_date - 28 and days.charge_date < anomalies.first_date
        group by all
    )

    select anomalies.*, normal.normal_cost
    from marts.anomalies as anomalies
    left join normal on anomalies.anomaly_id = normal.anomaly_id
    left join marts.complete_sources as known on anomalies.x_source = known.x_source
    where anomalies.is_open or anomalies.last_date >= known.last_complete_date - $days_after
    order by anomalies.anomaly_id
"""
# One delivery may bring the unusual day and usual ones after it: that of a weekend holds three.
_DAYS_AFTER = 3
_BUDGETS = """
    select
        budgets.*,
        coalesce((
            select list_sort(list(distinct daily_spend.x_source))
            from marts.daily_spend as daily_spend
            where strftime(daily_spend.charge_date, '%Y-%m') = budgets.month
                and daily_spend.billing_currency = budgets.billing_currency
                and (
                    budgets.scope = 'company'
                    or (budgets.scope = 'team' and daily_spend.team = budgets.scope_name)
                    or (budgets.scope = 'project' and daily_spend.project = budgets.scope_name)
                )
        ), []) as sources
    from marts.budgets as budgets
    where budgets.status in ('at_risk', 'will_burst', 'burst')
    order by budgets.budget, budgets.billing_currency, budgets.month
"""
# A build asks only about the billing periods that it makes anew: of each the answers of the last such build count.
# What cannot be told of one period is asked about all that are made anew, and is answered by the newest build alone.
_CHECKS = """
    with shown as (
        select
            build_id,
            published_at,
            is_current,
            split_part(schema_version, '.', 1) as schema_version,
            unnest(partitions, recursive := true)
        from ops.publications
    ),

    compared as (
        select
            *,
            (version, rules, schema_version) is distinct from lag((version, rules, schema_version)) over (
                partition by x_source, billing_period
                order by published_at, build_id
            ) as is_made_anew
        from shown
    ),

    asked as (
        select
            x_source,
            billing_period,
            arg_max(build_id, (published_at, build_id)) filter (where is_made_anew) as build_id
        from compared
        group by all
        having bool_or(is_current)
    )

    select data_quality.*
    from marts.data_quality as data_quality
    left join asked on data_quality.x_source = asked.x_source and data_quality.billing_period = asked.billing_period
    where not data_quality.is_success and data_quality.is_evaluated
        and data_quality.layer in ('drift', 'completeness') and data_quality.effect in ('warn', 'hold', 'inform')
        and data_quality.build_id = case
            when data_quality.x_source is null or data_quality.billing_period is null
                then (select build_id from ops.publications where is_current)
            else asked.build_id
        end
    order by data_quality.checked_at, data_quality.x_source, data_quality.billing_period, data_quality.check_name
"""
_LIKE_WEEKDAYS = "the median day of the four weeks before"
_TITLES: dict[Level, str] = {"critical": "Runaway spend", "warning": "Unusual spend", "info": "Other spend than known"}
_STATES = ("at_risk", "will_burst", "burst")


def find(home: Home, config: Config, ledger: Ledger) -> Found:
    """Return what the published warehouse says that somebody may have to know; of nothing where none is published."""
    if not home.published_warehouse.exists():
        return Found((), frozenset())
    with duckdb_files.connect(home.published_warehouse, read_only=True) as connection:
        has_checks = "effect" in _columns(connection, "data_quality")
        candidates = [
            *[_anomaly(row, config) for row in _rows(connection, _ANOMALIES, days_after=_DAYS_AFTER)],
            *[_budget(row, config) for row in _rows(connection, _BUDGETS)],
            *([_check(row) for row in _rows(connection, _CHECKS)] if has_checks else []),
        ]
        months = {str(row["month"]) for row in _rows(connection, "select distinct month from marts.budgets")}
    kinds: set[Kind] = {"anomaly", "budget", *(("drift", "coverage") if has_checks else ())}
    return Found(tuple(candidates), frozenset(kinds), silent=frozenset(_of_past_months(ledger, months)))


def _of_past_months(ledger: Ledger, months: set[str]) -> Iterator[str]:
    """Yield the alerts about budgets of a month that is over: nothing about it got better."""
    for alert in ledger.open_alerts():
        if alert.candidate.kind == "budget" and alert.candidate.parts[-1] not in months:
            yield alert.alert_id


def _anomaly(row: dict[str, Any], config: Config) -> Candidate:
    team, currency, excess = _owner(row["team"]), row["billing_currency"], row["excess_cost"]
    own = config.alerts.team(team)
    times = config.alerts.runaway_times if own.runaway_times is None else own.runaway_times
    floor = config.alerts.runaway_floor if own.runaway_floor is None else own.runaway_floor
    normal = row["normal_cost"]
    # Of a project without earlier days nothing is normal: no day of it can be a multiple.
    is_runaway = normal is not None and excess >= floor and excess >= normal * times * row["day_count"]
    is_told = row["anomaly_kind"] != "restatement" and excess > 0
    level: Level = "info" if not is_told else "critical" if is_runaway else "warning"
    what = f"{row['project']}: {row['service_name']} {row['usage_type'] or ''}".strip()
    more = wording.money(excess, currency, with_sign=True)
    usual = wording.money(normal, currency) if normal is not None else "unknown"
    return Candidate(
        kind="anomaly",
        parts=(row["anomaly_id"],),
        level=level,
        is_urgent=level == "critical",
        scope=what,
        title=f"{_TITLES[level]}, {what}: {more} in {wording.count(row['day_count'], 'day')}",
        since=_midnight(row["first_date"]),
        facts=(
            ("What", f"{row['anomaly_kind'].replace('_', ' ')} in {row['x_source']}"),
            ("When", wording.days(row["first_date"], row["last_date"])),
            (
                "Cost",
                f"{wording.money(row['actual_cost'], currency)}, expected "
                f"{wording.money(row['expected_cost'], currency)}",
            ),
            *_cause(row),
        ),
        rule=(
            f"The most unusual day is {row['score']:.1f} robust standard deviations beyond what "
            f"{row['history_day_count']} earlier days let expect. Runaway is at least {floor:f} in all and, each day, "
            f"{times:f} times the project's normal day ({usual}, {_LIKE_WEEKDAYS})"
        ),
        advice="Look what was started or changed on the first of these days; if it is intended, approve it",
        team=team,
        amount=excess,
        currency=currency,
        sources=_partitions([row["x_source"]], row["first_date"], row["last_date"]),
        raised_by=RUNAWAY if level == "critical" else row["anomaly_kind"],
    )


def _cause(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if row["cause"]:
        detail = f": {row['cause_detail']}" if row["cause_detail"] else ""
        parts = ", ".join(
            f"{name} {wording.amount(row[f'{name}_cost'], row['billing_currency'], with_sign=True)}"
            for name in ("price", "quantity", "mix")
            if row[f"{name}_cost"] is not None
        )
        yield "Cause", f"{row['cause']}{detail} ({parts})"


def _budget(row: dict[str, Any], config: Config) -> Candidate:
    currency, status = row["billing_currency"], row["status"]
    over = max(row["cost_to_date"] - row["budget_cost"], row["projected_over_cost"] or Decimal(0), Decimal(0))
    is_told = _STATES.index(status) >= _STATES.index(config.alerts.budget_warns_at)
    month = wording.month(row["month"])
    titles = {
        "at_risk": f"Budget {row['budget']} may not last for {month}",
        "will_burst": f"Budget {row['budget']} will be exceeded in {month} by {wording.money(over, currency)}",
        "burst": f"Budget {row['budget']} for {month} is spent, by {wording.money(over, currency)} at the month's end",
    }
    name = row["scope_name"] or config.company
    return Candidate(
        kind="budget",
        parts=(row["budget"], currency, row["month"]),
        level="warning" if is_told else "info",
        scope=f"{row['scope']} {name}",
        title=titles[status],
        since=_midnight(row["as_of_date"]),
        facts=tuple(_budget_facts(row)),
        rule=(
            "on_track, at_risk (the forecast's band reaches beyond the budget), will_burst (the forecast does), burst "
            f"(it is spent): this is {status}, told from {config.alerts.budget_warns_at} on (alerts.budget_warns_at)"
        ),
        advice="Stop or shrink what is not needed this month, or raise the budget in mlspend.yml",
        team=_owner(row["team"]),
        amount=over,
        currency=currency,
        sources=_partitions(row["sources"], row["as_of_date"], row["as_of_date"]),
        stage=_STATES.index(status),
    )


def _budget_facts(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    currency = row["billing_currency"]

    def money(name: str) -> str:
        return wording.money(row[name], currency)

    percent = f" ({wording.percent(Decimal(str(row['spent_percent'])))})" if row["spent_percent"] is not None else ""
    yield "Budget", f"{money('budget_cost')} for {wording.month(row['month'])}"
    yield "Spent", f"{money('cost_to_date')}{percent} up to {wording.day(row['as_of_date'])}"
    if row["forecast_cost"] is not None:
        band = f", with 80 % between {money('forecast_low_cost')} and {money('forecast_high_cost')}"
        yield "Expected", f"{money('forecast_cost')}{band if row['forecast_low_cost'] is not None else ''}"
    if row["exhausted_date"]:
        yield "Spent on", wording.day(row["exhausted_date"])


def _check(row: dict[str, Any]) -> Candidate:
    kind: Kind = "drift" if row["layer"] == "drift" else "coverage"
    source, period = row["x_source"] or "", row["billing_period"] or ""
    scope = f"{source} {wording.month(period)}" if source and period else source or row["subject"]
    check = row["expectation"].replace("_", " ")
    return Candidate(
        kind=kind,
        parts=(row["expectation"], row["subject"] or "", source, period),
        level="info" if row["effect"] == "inform" else "warning",
        scope=scope,
        title=f"{scope}: {check} is not so",
        since=row["checked_at"].replace(tzinfo=UTC),
        facts=(
            ("Check", f"{check} ({row['layer']})"),
            ("Found", wording.count(row["unexpected_count"] or 0, "row")),
            ("For example", str(row["sample"] or "none")),
        ),
        rule=f"The check {row['expectation']} is red, and its effect is {row['effect']} (gates in mlspend.yml)",
        advice="Look at the rows in marts.data_quality; if it is right as it is, the next builds compare with it",
        sources=(source, f"{source}/{period}") if source else (),
        raised_by=row["expectation"],
    )


def _partitions(sources: list[str], first: date, last: date) -> tuple[str, ...]:
    """Return the sources, and the billing periods of each that hold these days."""
    months = {f"{day:%Y-%m}" for day in (first, last)}
    return (*sources, *(f"{source}/{month}" for source in sources for month in sorted(months)))


def _owner(team: str | None) -> str | None:
    return None if not team or team in RESERVED_NAMES else team


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _columns(connection: Connection, table: str) -> set[str]:
    query = "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ?"
    return {name for (name,) in connection.execute(query, [table]).fetchall()}


def _rows(connection: Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    found = connection.execute(query, values or None)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
