"""What is compared with what: the published spend, and up to which day each source is whole."""

import duckdb

from expectations.engine import quote
from mlspend.core.proof_plan import ProofPlan

# Four weeks hold each weekday four times, and the edges of at most two months.
WEEKS_DAYS = 28
# Half of them: with less history nobody can say what is regular.
FEWEST_DAYS = 14

PUBLISHED = "published"
_SPEND = (
    "x_source, billing_period, charge_date, billing_account_id, sub_account_id, provider_name, service_name, project,"
    " team, charge_category, billing_currency"
)
_AMOUNTS = "sum(line_count) as line_count, sum(effective_cost) as effective_cost"


def measure_windows(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create what completeness and drift both look at.

    `rebuilt_partitions`; `spend` and `published_spend`, per day and segment, of the sources that were rebuilt;
    `newest_days`, one row per source: its newest complete day, the billing period that day is in, whether the build
    wrote that one (`is_rebuilt`), and whether anything of the source is published (`is_known`).
    """
    session.execute(
        "create or replace table rebuilt_partitions"
        " (x_source varchar, billing_period varchar, has_published_rules boolean)"
    )
    rows = [[each.x_source, each.billing_period, each.has_published_rules] for each in plan.rebuilt]
    session.executemany("insert into rebuilt_partitions values (?, ?, ?)", rows)
    sources = "x_source in (select x_source from rebuilt_partitions)"
    session.execute(
        f"""create or replace table spend as
        select {_SPEND}, is_shared_cost, {_AMOUNTS} from warehouse.marts.daily_spend where {sources} group by all"""
    )
    _attach_published(session, plan)
    rows_of = "published.marts.daily_spend" if plan.published else "(select * from warehouse.marts.daily_spend limit 0)"
    session.execute(
        f"""create or replace table published_spend as
        select {_SPEND}, is_shared_cost, {_AMOUNTS} from {rows_of} where {sources} group by all"""
    )
    session.execute(
        f"""create or replace table newest_days as
        select
            x_source, newest_date, strftime(newest_date, '%Y-%m') as billing_period,
            (x_source, strftime(newest_date, '%Y-%m')) in (
                select (x_source, billing_period) from rebuilt_partitions
            ) as is_rebuilt,
            x_source in (select x_source from published_spend) as is_known
        from (
            select x_source, last_complete_date as newest_date
            from warehouse.marts.complete_sources where {sources}
        ) as found"""
    )


def _attach_published(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    session.execute(f"detach database if exists {PUBLISHED}")
    if plan.published:
        session.execute(f"attach {quote(plan.published)} as {PUBLISHED} (read_only)")
