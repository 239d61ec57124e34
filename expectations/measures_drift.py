"""How the newest seven complete days differ from the same weekdays of the four weeks before, line by line."""

from datetime import date

import duckdb

from expectations.engine import quote
from expectations.ks import PERCENTILES, corrected, p_value, statistics_query
from expectations.measures_costs import BASELINE, USAGE_TYPE, WINDOW, count_costs, lines
from expectations.measures_windows import measure_windows
from mlspend.core.proof_plan import ProofPlan


def measure_drift(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `line_costs`, `unit_prices`, `categories` and `restated_days`.

    All but the last are about the sources whose newest complete day is in a rebuilt partition, which they name as
    x_source and billing_period. Only files of the billing periods of those five weeks are opened.
    """
    measure_windows(session, plan)
    _measure_restated_days(session, plan)
    windows = session.execute("select x_source, newest_date from newest_days where is_rebuilt order by all").fetchall()
    count_costs(session, windows)
    _sum_up_skus(session, windows)
    _measure_line_costs(session, plan)
    _measure_unit_prices(session, plan)
    _measure_categories(session, plan)


def _measure_restated_days(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    session.execute(
        f"""create or replace table restated_days as
        select
            x_source, billing_period, billing_currency, count(distinct charge_date) as days,
            min(charge_date) as first_date, max(charge_date) as last_date, sum(line_count_change) as line_count_change,
            sum(billed_cost_change) as billed_cost_change, sum(effective_cost_change) as effective_cost_change,
            list(distinct charge_date) as dates
        from warehouse.marts.spend_changes
        where build_id = {quote(plan.build_id)} and change_kind = 'restated'
        group by all"""
    )


def _sum_up_skus(session: duckdb.DuckDBPyConnection, windows: list[tuple[str, date]]) -> None:
    columns = (
        f"service_name, {USAGE_TYPE} as usage_type, region_id, coalesce(sku_price_id, sku_id) as sku, pricing_unit,"
        " pricing_category, effective_cost, list_cost, pricing_quantity"
    )
    session.execute(
        f"""create or replace table skus as
        select
            x_source, billing_currency, service_name, usage_type, region_id, sku, pricing_unit, pricing_category,
            is_now, bit_or(cast(1 as ubigint) << cast(age as integer)) as ages,
            count(*) as line_count, sum(effective_cost) as effective_cost, sum(list_cost) as list_cost,
            sum(pricing_quantity) as pricing_quantity
        from ({lines("focus_costs", columns, windows, "charge_class is null")}) as lines group by all"""
    )


def _measure_line_costs(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `line_costs`: one row per segment with lines on both sides, tested where it has enough money and lines."""
    limits = plan.thresholds.drift
    counts = """
        select
            x_source, billing_currency, 'service and usage type' as dimension,
            service_name || ' ' || usage_type as segment, cost, sum(now_count) as now_count,
            sum(before_count) as before_count
        from cost_counts group by all
        union all
        select x_source, billing_currency, 'service', service_name, cost, sum(now_count), sum(before_count)
        from cost_counts group by all
        union all
        select x_source, billing_currency, 'account', account, cost, sum(now_count), sum(before_count)
        from cost_counts group by all
        union all
        select x_source, billing_currency, 'project', project, cost, now_count, before_count
        from project_cost_counts"""
    keys = ("x_source", "billing_currency", "dimension", "segment")
    ratio = limits.percentile_ratio
    moved = " or ".join(
        f"coalesce(now_p{each} / nullif(before_p{each}, 0) not between {1 / ratio} and {ratio}, false)"
        for each in PERCENTILES
    )
    session.execute(
        f"""create or replace table line_costs as
        with counts as materialized ({counts}),
        tested as ({statistics_query("from counts", keys)}),
        money as (
            select
                *, sum(cost_now) over whole as all_now,
                greatest(
                    coalesce(cost_now / nullif(sum(cost_now) over whole, 0), 0),
                    coalesce(cost_before / nullif(sum(cost_before) over whole, 0), 0)
                ) as share
            from (
                select
                    {", ".join(keys)}, sum(abs(cost) * now_count) as cost_now,
                    sum(abs(cost) * before_count) as cost_before
                from counts group by all
            ) as summed
            window whole as (partition by x_source, billing_currency, dimension)
        ),
        restated as (
            select x_source, count(distinct each) as restated_days
            from (select x_source, unnest(dates) as each from restated_days)
            join newest_days using (x_source)
            where each between newest_date - {WINDOW - 1} and newest_date
            group by x_source
        )
        select
            tested.*, billing_period, is_known, round(share, 3) as share,
            round(coalesce(distance * now_lines / nullif(all_now, 0), 0), 4) as changed_share,
            coalesce(restated_days, 0) as restated_days,
            least(now_lines, before_lines) >= {limits.smallest_sample} as has_enough_lines,
            -- A line that is covered in part becomes two: so many at most lie elsewhere because commitments changed.
            dimension = 'service and usage type' and 2 * coalesce(moved, 0) > {limits.statistic} as has_other_coverage,
            share >= {limits.smallest_share} as is_material, {moved} as has_moved,
            cast(null as double) as p_value, false as is_red
        from tested
        join money using ({", ".join(keys)})
        join newest_days using (x_source)
        left join restated using (x_source)
        left join covered_types using (x_source, billing_currency, segment)
        order by share desc, dimension, segment"""
    )
    _test(session, plan)


def _test(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Give the tested rows of each source their p value after correction, and say which are red."""
    limits = plan.thresholds.drift
    for (source,) in session.execute("select distinct x_source from line_costs order by all").fetchall():
        rows = session.execute(
            f"""select rowid, now_lines, before_lines, now_at, before_at from line_costs
            where x_source = {quote(source)} and has_enough_lines and is_material and dimension <> 'service'"""
        ).fetchall()
        p_values = corrected([p_value(*sizes) for _, *sizes in rows])
        if rows:
            session.executemany(
                f"""update line_costs
                set p_value = $1, is_red = statistic > {limits.statistic} and $1 < {limits.p_value}
                    and changed_share >= if(
                        dimension = 'service and usage type',
                        {limits.smallest_change}, {limits.smallest_segment_change}
                    )
                where rowid = $2""",
                [[each, row[0]] for each, row in zip(p_values, rows, strict=True)],
            )


def _measure_unit_prices(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `unit_prices`: SKUs whose price per unit is another one, used on both sides and worth a look."""
    limits = plan.thresholds.drift
    ratio = f"not between {1 / limits.price_ratio} and {limits.price_ratio}"
    sides = ", ".join(
        f"cast(sum({cost}) filter (where {side}) as double) / sum(pricing_quantity) filter (where {side})"
        f" as {cost.removesuffix('_cost')}_price_{name}"
        for cost in ("list_cost", "effective_cost")
        for side, name in (("not is_now", "before"), ("is_now", "now"))
    )
    session.execute(
        f"""create or replace table unit_prices as
        with priced as (
            -- Spot prices move by themselves, and what a commitment covers costs what is left of the commitment.
            select *, sum(abs(effective_cost)) over (partition by x_source, billing_currency, is_now) as total
            from skus
        ),
        compared as (
            select
                x_source, billing_currency, service_name, usage_type, region_id, sku, pricing_unit, {sides},
                coalesce(max(cast(abs(effective_cost) / nullif(total, 0) as double)), 0) as share
            from priced
            where pricing_category = 'Standard' and pricing_unit is not null
            group by all
            having sum(pricing_quantity) filter (where is_now) > 0
                and sum(pricing_quantity) filter (where not is_now) > 0
                and sum(effective_cost) filter (where not is_now) > 0
        )
        select
            x_source, billing_period, service_name, usage_type, region_id, sku, pricing_unit, billing_currency,
            round(list_price_now / nullif(list_price_before, 0), 3) as list_price_ratio,
            round(effective_price_now / effective_price_before, 3) as effective_price_ratio,
            effective_price_before, effective_price_now, round(share, 3) as share
        from compared
        join newest_days using (x_source)
        where share >= {plan.thresholds.completeness.smallest_share} and (
            list_price_now / nullif(list_price_before, 0) {ratio}
            or effective_price_now / effective_price_before {ratio}
        )
        order by share desc, usage_type, sku"""
    )


def _measure_categories(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `categories`: services, usage types, regions and charge categories that are new, or used no more.

    No more used is what was used on most days; what comes once a month is new only when no day of the past had it.
    """
    regular = plan.thresholds.completeness.regular_days
    of_lines = " union all ".join(
        f"""select
            x_source, billing_currency, '{dimension}' as dimension, {column} as category, is_now, ages, effective_cost
        from skus where {column} is not null"""
        for dimension, column in (
            ("service", "service_name"),
            ("usage type", "service_name || ' ' || usage_type"),
            ("region", "region_id"),
        )
    )
    session.execute(
        f"""create or replace table categories as
        with of_charges as (
            select
                x_source, billing_currency, 'charge category' as dimension, charge_category as category,
                charge_date > newest_date - {WINDOW} as is_now,
                cast(1 as ubigint) << cast(least(newest_date - charge_date, 63) as integer) as ages, effective_cost
            from spend join newest_days using (x_source)
            where is_rebuilt and charge_date <= newest_date
        ),
        sides as (
            select
                x_source, billing_currency, dimension, category,
                bool_or(is_now) as is_used_now, bool_or(not is_now) as was_used_before,
                bit_count(bit_or(if(is_now, 0, ages)) & (((cast(1 as ubigint) << {WINDOW + BASELINE}) - 1)))
                    as used_days,
                coalesce(sum(effective_cost) filter (where is_now), 0) as cost_now,
                coalesce(sum(effective_cost) filter (where not is_now), 0) as cost_before
            from ({of_lines} union all select * from of_charges) as found
            group by all
        ),
        sources as (
            select x_source, bit_count(bit_or(ages) filter (where not is_now)) as known_days from skus group by x_source
        )
        select
            x_source, billing_period, dimension, category, billing_currency, cost_before, cost_now,
            if(is_used_now, 'new', 'vanished') as change
        from sides
        join sources using (x_source)
        join newest_days using (x_source)
        where known_days >= {WINDOW} and (
            not was_used_before or (not is_used_now and used_days >= {regular} * known_days)
        )
        order by abs(cost_now) + abs(cost_before) desc, dimension, category"""
    )
