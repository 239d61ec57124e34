"""What was there before and is not any more: days, accounts, services, projects, providers, and owners.

"Before" is what is published of the same source and billing period, and the four weeks before the newest complete days.
"""

import duckdb

from expectations.measures_coverage import measure_coverage
from expectations.measures_windows import FEWEST_DAYS, WEEKS_DAYS, measure_windows
from mlspend.core.proof_plan import ProofPlan

# A few lines come and go with single jobs and corrections; a hundred, in a day for its number of lines and in a month
# for what is in it at all, say something about the export.
_FEWEST_LINES = 100

# Dimension → what a segment is called in it; NULL: in none.
_SEGMENTS = {
    "account": "coalesce(nullif(sub_account_id, ''), billing_account_id)",
    "provider": "provider_name",
    "service": "service_name",
    "project": "if(is_shared_cost or project = 'unattributed', null, project)",
}


def measure_completeness(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `days`, `segments` and `coverage`: a row for each thing that is missing.

    Each tells x_source and billing_period, what it was compared with, and `is_known`: whether the source was published
    before. A first delivery has nothing to be held to. `may_go_on` is a day with few lines, and none complete after it.
    """
    measure_windows(session, plan)
    _measure_days(session, plan)
    _measure_segments(session, plan)
    measure_coverage(session, plan)


def _measure_days(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    limits = plan.thresholds.completeness
    before = f"over (partition by x_source order by charge_date rows between {WEEKS_DAYS} preceding and 1 preceding)"
    same_weekday = (
        "over (partition by x_source, dayofweek(charge_date) order by charge_date rows between 4 preceding and"
        " 1 preceding)"
    )
    next_to_it = "over (partition by x_source order by charge_date)"
    session.execute(
        f"""create or replace table days as
        with used as (
            select x_source, charge_date, sum(line_count) as line_count
            from spend where charge_category = 'Usage' group by all
        ),
        calendar as (
            select
                x_source, cast(unnest(generate_series(first_date, newest_date, interval 1 day)) as date) as charge_date
            from (select x_source, min(charge_date) as first_date from used group by x_source) as begun
            join newest_days using (x_source)
        ),
        counted as (
            select x_source, charge_date, cast(coalesce(line_count, 0) as bigint) as line_count
            from calendar left join used using (x_source, charge_date)
        ),
        compared as (
            select
                *,
                count(*) {before} as known_days,
                count(*) filter (where line_count > 0) {before} as used_days,
                sum(line_count) {before} as known_lines,
                count(*) {same_weekday} as known_weekdays,
                median(line_count) {same_weekday} as usual_line_count,
                lag(line_count) {next_to_it} as line_count_of_day_before,
                lead(line_count) {next_to_it} as line_count_of_day_after
            from counted
        ),
        against_weeks as (
            select
                x_source, charge_date, line_count, cast(usual_line_count as bigint) as line_count_before,
                'the four weeks before' as compared_with,
                line_count > 0 and line_count_of_day_after is null as may_go_on
            from compared
            where (
                line_count = 0 and known_days >= {FEWEST_DAYS} and known_lines >= {_FEWEST_LINES}
                and used_days >= {limits.regular_days} * known_days
            ) or (
                -- A level that has dropped for good is no gap: the days on either side are as low. What the newest day
                -- is, the next one tells.
                line_count > 0 and known_weekdays >= 3 and usual_line_count >= {_FEWEST_LINES}
                and line_count < {limits.day_line_share} * usual_line_count
                and line_count < {limits.day_line_share} * line_count_of_day_before
                and line_count < {limits.day_line_share} * coalesce(line_count_of_day_after, line_count_of_day_before)
            )
        ),
        published as (
            select
                x_source, billing_period, charge_date, sum(line_count) as line_count,
                sum(abs(effective_cost)) as cost,
                sum(sum(line_count)) over (partition by x_source, billing_period) as period_line_count
            from published_spend
            where charge_category = 'Usage'
            group by x_source, billing_period, charge_date
        ),
        found as (
            select x_source, billing_period, charge_date, sum(line_count) as line_count,
                sum(abs(effective_cost)) as cost
            from spend where charge_category = 'Usage' group by all
        ),
        -- Fewer lines alone may be a coarser export, less money alone a correction.
        against_published as (
            select
                published.x_source, billing_period, charge_date,
                cast(coalesce(found.line_count, 0) as bigint) as line_count,
                cast(published.line_count as bigint) as line_count_before, 'what is published' as compared_with,
                false as may_go_on
            from published
            join rebuilt_partitions using (x_source, billing_period)
            left join found using (x_source, billing_period, charge_date)
            where published.cost > 0 and period_line_count >= {_FEWEST_LINES}
                and coalesce(found.line_count, 0) < {limits.day_line_share} * published.line_count
                and coalesce(found.cost, 0) < {limits.day_line_share} * published.cost
                and (found.line_count is null or published.line_count >= {_FEWEST_LINES})
        )
        select
            x_source, strftime(charge_date, '%Y-%m') as billing_period, charge_date, line_count, line_count_before,
            compared_with, is_known, may_go_on
        from against_weeks join newest_days using (x_source)
        where (x_source, strftime(charge_date, '%Y-%m')) in (
            select (x_source, billing_period) from rebuilt_partitions
        )
        union all by name
        select *, true as is_known from against_published
        order by charge_date"""
    )


def _measure_segments(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    limits = plan.thresholds.completeness
    begin = f"newest_date - {limits.recent_days + WEEKS_DAYS - 1}"
    is_recent = f"charge_date > newest_date - {limits.recent_days}"
    session.execute(
        f"""create or replace table segments as
        with recent as (
            select *, {is_recent} as is_recent
            from ({_by_segment("spend")}) as segmented
            join (select x_source, newest_date, is_known from newest_days where is_rebuilt) as newest using (x_source)
            where charge_category = 'Usage' and charge_date between {begin} and newest_date
        ),
        sources as (
            select
                x_source, billing_currency,
                count(distinct charge_date) filter (where not is_recent) as known_days,
                sum(line_count) filter (where not is_recent) as known_lines,
                sum(abs(effective_cost)) filter (where not is_recent) as cost_before,
                coalesce(bool_or(is_recent and line_count > 0), false) as goes_on
            from recent where dimension = 'account' group by all
        ),
        against_weeks as (
            select
                x_source, strftime(newest_date, '%Y-%m') as billing_period, dimension, segment, billing_currency,
                is_known, 'the four weeks before' as compared_with,
                max(charge_date) filter (where effective_cost <> 0) as last_date,
                count(distinct charge_date) filter (where effective_cost <> 0) as used_days,
                sum(abs(effective_cost)) as cost_before
            from recent
            group by all
            having coalesce(sum(abs(effective_cost)) filter (where is_recent), 0) = 0
        ),
        period_before as (
            select
                *,
                sum(cost_before) over whole as total, sum(line_count) over whole as known_lines
            from (
                select
                    x_source, billing_period, dimension, segment, billing_currency, max(charge_date) as last_date,
                    sum(abs(effective_cost)) as cost_before, sum(line_count) as line_count
                from ({_by_segment("published_spend")}) as segmented group by all
            ) as summed
            window whole as (partition by x_source, billing_period, dimension, billing_currency)
        ),
        against_published as (
            select
                before.x_source, before.billing_period, before.dimension, segment, billing_currency, last_date,
                'what is published' as compared_with, cost_before, cost_before / total as share_before
            from period_before as before
            join rebuilt_partitions using (x_source, billing_period)
            where segment is not null and total > 0 and known_lines >= {_FEWEST_LINES}
                and cost_before >= {limits.smallest_share} * total
                -- By other rules another project owns the same lines.
                and (has_published_rules or dimension <> 'project')
                and (x_source, billing_period, dimension, segment, billing_currency) not in (
                    select (x_source, billing_period, dimension, segment, billing_currency)
                    from ({_by_segment("spend")}) as segmented where segment is not null
                )
        )
        select
            weeks.x_source, billing_period, dimension, segment, billing_currency, weeks.cost_before,
            round(cast(weeks.cost_before / sources.cost_before as double), 4) as share_before, last_date, compared_with,
            is_known
        from against_weeks as weeks
        join sources using (x_source, billing_currency)
        where segment is not null and goes_on and known_lines >= {_FEWEST_LINES} and known_days >= {FEWEST_DAYS}
            and used_days >= {limits.regular_days} * known_days
            and weeks.cost_before >= {limits.smallest_share} * sources.cost_before
        union all by name
        select * replace (round(cast(share_before as double), 4) as share_before), true as is_known
        from against_published
        order by share_before desc, dimension, segment"""
    )


def _by_segment(table: str) -> str:
    """Return the query of `table` with a row for each dimension; a day's money stands once in each."""
    columns = "x_source, billing_period, charge_date, charge_category, billing_currency, line_count, effective_cost"
    return " union all ".join(
        f"select {columns}, '{dimension}' as dimension, {name} as segment from {table}"
        for dimension, name in _SEGMENTS.items()
    )
