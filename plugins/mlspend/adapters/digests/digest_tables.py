"""What the digest reads from the published warehouse: sums made in SQL as decimals, returned as the core's values."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from mlspend.adapters.duckdb_files import Connection
from mlspend.core.digest import (
    Checks,
    CompleteDays,
    Coverage,
    NewestDelivery,
    OpenPeriod,
    OwnCost,
    Reconciliation,
)
from mlspend.core.digest_sections import Spend
from mlspend.core.restatements import Restated, Restatement
from mlspend.core.weeks import Week

# Taxes, fees and spread-out commitments are dated up to the month's end; only billed use tells how far data reaches.
_COVERAGE = """
    select
        x_source,
        billing_currency,
        coalesce(min(charge_date) filter (where is_use), min(charge_date)),
        coalesce(max(charge_date) filter (where is_use), max(charge_date))
    from (select *, charge_category = 'Usage' and billed_cost <> 0 as is_use from marts.daily_spend)
    group by x_source, billing_currency
    order by x_source, billing_currency
"""
_SPEND = """
    select
        billing_currency,
        project,
        team,
        ml_stage,
        service_name,
        coalesce(sum(effective_cost) filter (where charge_date >= $monday), 0),
        coalesce(sum(billed_cost) filter (where charge_date >= $monday), 0),
        coalesce(sum(effective_cost) filter (where charge_date < $monday), 0),
        coalesce(sum(billed_cost) filter (where charge_date < $monday), 0)
    from marts.daily_spend
    where charge_date between $monday_before and $sunday and (len($teams) = 0 or list_contains($teams, team))
    group by billing_currency, project, team, ml_stage, service_name
    -- A shared cost that was split whole is none of its own any more.
    having count(*) filter (where effective_cost <> 0 or billed_cost <> 0) > 0
"""
_TEAMS = """
    select team
    from marts.daily_spend
    where charge_date between $monday_before and $sunday and (effective_cost <> 0 or billed_cost <> 0)
    group by team
"""
_DELIVERIES = """
    select source, max(delivered_at)
    from ops.deliveries
    where landed_at is not null
    group by source
    order by source
"""
_RECONCILIATION = """
    select
        billing_currency,
        count(distinct (x_source, billing_period)),
        coalesce(list_sort(list(distinct x_source || ' ' || billing_period) filter (where not is_reconciled)), []),
        sum(landed_billed_cost),
        sum(daily_spend_billed_cost),
        max(abs(largest_difference))
    from marts.reconciliation
    group by billing_currency
    order by billing_currency
"""
_OPEN_PERIODS = """
    select distinct x_source, billing_period
    from marts.billing_periods
    semi join (from marts.daily_spend where charge_date between $monday and $sunday)
        using (x_source, billing_account_id, billing_period)
    where final_from is null or final_from > $today
    order by x_source, billing_period
"""
# The month without what was restated in the week: also where it grew in the same week, or came from another export.
_RESTATEMENTS = """
    select
        billing_period,
        billing_currency,
        sum(billed_cost_change) filter (where is_restated),
        coalesce(sum(billed_cost_change) filter (where not is_restated), 0),
        sum(effective_cost_change) filter (where is_restated),
        coalesce(sum(effective_cost_change) filter (where not is_restated), 0)
    from (
        select *, change_kind in ('restated', 'withdrawn') and known_at >= $since as is_restated
        from marts.spend_changes
        where known_at < $until
    )
    group by billing_period, billing_currency
    having count(*) filter (where is_restated) > 0
"""
_CHECKS = """
    select
        count(*) filter (where is_passed),
        count(*),
        coalesce(list_sort(list(distinct expectation) filter (where not is_passed)), [])
    -- What only informs is no failure.
    from (select *, (is_success or severity = 'info') and is_evaluated as is_passed from marts.data_quality)
    where build_id = $build_id
"""
_COMPLETE = """
    select x_source, last_complete_date
    from marts.complete_sources
    where last_complete_date is not null
    order by x_source
"""
_OWN_BYTES = """
    select coalesce(sum(byte_count), 0)
    from ops.deliveries
    where landed_at >= $since and landed_at < $until
"""
_OWN_CALLS = """
    select
        coalesce(sum(call_count), 0),
        coalesce(sum(call_count) filter (where estimated_cost is null), 0),
        coalesce(sum(estimated_cost), 0)
    from ops.api_calls
    where called_at >= $since and called_at < $until
"""
_SOURCES = """
    select distinct x_source
    from marts.daily_spend
    where charge_date between $monday_before and $sunday and (len($teams) = 0 or list_contains($teams, team))
        and (effective_cost <> 0 or billed_cost <> 0)
"""
_TABLES = "select schema_name || '.' || table_name from duckdb_tables()"
_PUBLICATION = "select build_id, published_at from ops.publications where is_current"


def read_coverage(connection: Connection) -> tuple[Coverage, ...]:
    """Return the days each source has usage for, per currency, and up to which of them it is whole."""
    complete = {each.x_source: each.last_complete_date for each in read_complete_days(connection)}
    return tuple(
        Coverage(source, currency, first, last, complete.get(source))
        for source, currency, first, last in rows(connection, _COVERAGE)
    )


def read_spend(connection: Connection, week: Week, teams: tuple[str, ...]) -> tuple[Spend, ...]:
    """Return the cost of `week` and of the week before, of the projects of `teams` (none: of all)."""
    return tuple(Spend(*row) for row in rows(connection, _SPEND, {**_days(week), "teams": list(teams)}))


def read_teams(connection: Connection, week: Week) -> frozenset[str]:
    """Return the teams that have any cost in `week` or the week before."""
    return frozenset(team for (team,) in rows(connection, _TEAMS, _days(week, "monday_before", "sunday")))


def read_sources(connection: Connection, week: Week, teams: tuple[str, ...]) -> frozenset[str]:
    """Return the sources in which the projects of `teams` (none: all) have cost in `week` or the week before."""
    parameters = {**_days(week, "monday_before", "sunday"), "teams": list(teams)}
    return frozenset(source for (source,) in rows(connection, _SOURCES, parameters))


def read_complete_days(connection: Connection) -> tuple[CompleteDays, ...]:
    """Return up to which day each source is whole; none where the published file tells of none."""
    if "marts.complete_sources" not in tables(connection):
        return ()
    return tuple(CompleteDays(*row) for row in rows(connection, _COMPLETE))


def read_own_cost(connection: Connection, week: Week) -> OwnCost:
    """Return what mlspend itself asked of APIs and read of exports in `week`."""
    span = {"since": week.monday, "until": week.sunday + timedelta(days=1)}
    ((bytes_read,),) = rows(connection, _OWN_BYTES, span)
    ((calls, unpriced, cost),) = rows(connection, _OWN_CALLS, span)
    return OwnCost(int(calls), int(unpriced), cost, int(bytes_read))


def tables(connection: Connection) -> frozenset[str]:
    """Return the names of the published tables, with their schema: an earlier file has fewer."""
    return frozenset(name for (name,) in rows(connection, _TABLES))


def read_deliveries(connection: Connection) -> tuple[NewestDelivery, ...]:
    """Return when each source's newest landed delivery was made."""
    return tuple(NewestDelivery(source, _utc(made)) for source, made in rows(connection, _DELIVERIES))


def read_reconciliation(connection: Connection) -> tuple[Reconciliation, ...]:
    """Return Σ landed against Σ published per currency, over everything published."""
    found = rows(connection, _RECONCILIATION)
    return tuple(Reconciliation(row[0], row[1], tuple(row[2]), *row[3:]) for row in found)


def read_open_periods(connection: Connection, week: Week, today: date) -> tuple[OpenPeriod, ...]:
    """Return the billing periods with charges in `week` that are not final on the UTC day `today`."""
    parameters = {**_days(week, "monday", "sunday"), "today": today}
    return tuple(OpenPeriod(*row) for row in rows(connection, _OPEN_PERIODS, parameters))


def read_restatements(connection: Connection, week: Week) -> tuple[Restatement, ...]:
    """Return the months of which a known amount changed, where that became known within `week`.

    So each change is in the digest of one week, whenever that is composed.
    """
    span = {"since": week.monday, "until": week.sunday + timedelta(days=1)}
    return tuple(
        Restatement(period, currency, billed=Restated(*amounts[:2]), effective=Restated(*amounts[2:]))
        for period, currency, *amounts in rows(connection, _RESTATEMENTS, span)
    )


def read_publication(connection: Connection) -> tuple[str, datetime]:
    """Return the build that is published, and since when."""
    ((build_id, published_at),) = rows(connection, _PUBLICATION)
    return build_id, _utc(published_at)


def read_checks(connection: Connection, build_id: str) -> Checks:
    """Return how the data-quality checks of a build went."""
    ((passed, count, warned),) = rows(connection, _CHECKS, {"build_id": build_id})
    return Checks(passed, count, tuple(warned))


def _days(week: Week, *names: str) -> dict[str, Any]:
    days = {"monday_before": week.before.monday, "monday": week.monday, "sunday": week.sunday}
    return {name: day for name, day in days.items() if not names or name in names}


def rows(connection: Connection, query: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return connection.execute(query, parameters).fetchall()


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
