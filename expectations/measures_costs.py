"""Lines of use of the newest seven complete days and of the four weeks before, and how many of them cost the same."""

from datetime import date, timedelta

import duckdb

from expectations.engine import quote
from mlspend.core.periods import shift_period

WINDOW = 7
BASELINE = 28


def lines(table: str, columns: str, windows: list[tuple[str, date]], condition: str) -> str:
    """Return the query of the lines of use of five weeks; constants let DuckDB pass by all other files."""
    queries = [
        f"""select {columns}, x_source, billing_currency, charge_date > date '{newest - timedelta(WINDOW)}' as is_now,
            datediff('day', charge_date, date '{newest}') as age
        from warehouse.marts.{table}
        where x_source = {quote(source)}
            and billing_period between '{first:%Y-%m}' and '{shift_period(f"{newest:%Y-%m}", 1)}'
            and charge_date between date '{first}' and date '{newest}'
            and charge_category = 'Usage' and {condition}"""
        for source, newest in windows
        for first in [newest - timedelta(WINDOW + BASELINE - 1)]
    ] or [
        f"select {columns}, x_source, billing_currency, true as is_now, 0 as age from warehouse.marts.{table} limit 0"
    ]
    return " union all ".join(queries)


USAGE_TYPE = "coalesce(x_usage_type, sku_meter, sku_id, 'no usage type')"
_ACCOUNT = "coalesce(nullif(sub_account_id, ''), billing_account_id)"
_COUNTS = "count(*) filter (where is_now) as now_count, count(*) filter (where not is_now) as before_count"


def count_costs(session: duckdb.DuckDBPyConnection, windows: list[tuple[str, date]]) -> None:
    """Create `cost_counts` and `project_cost_counts`: how many lines of each side have the very same cost.

    As doubles: all amounts below nine thousand stay apart to the last digit. Usage types that commitments cover, on
    either side, are counted by list cost: their effective cost is what the commitments cost, and changes the day one
    is bought. Lines they cover without a list cost of the provider's own are left out. `covered_types` names the types,
    and how much the share of covered lines `moved` from one side to the other.
    """
    columns = (
        f"service_name, {USAGE_TYPE} as usage_type, {_ACCOUNT} as account,"
        " cast(effective_cost as double) as effective_cost,"
        " coalesce(pricing_category = 'Committed', false) as is_covered,"
        " if(is_covered and x_list_cost_provenance not in ('public_on_demand_cost', 'provider'), null,"
        " cast(list_cost as double)) as list_cost"
    )
    session.execute(
        f"""create or replace temp table amounts as
        select
            x_source, billing_currency, service_name, usage_type, account, effective_cost, list_cost, is_covered,
            {_COUNTS}
        from ({lines("focus_costs", columns, windows, "charge_class is null")}) as lines group by all"""
    )
    covered_now, covered_before = (
        f"coalesce(sum({side}_count) filter (where is_covered) / nullif(sum({side}_count), 0), 0)"
        for side in ("now", "before")
    )
    session.execute(
        f"""create or replace table covered_types as
        select
            x_source, billing_currency, service_name, usage_type, service_name || ' ' || usage_type as segment,
            abs({covered_now} - {covered_before}) as moved
        from amounts group by all having bool_or(is_covered)"""
    )
    keys = "(x_source, billing_currency, service_name, usage_type)"
    cost = f"if({keys} in (select {keys} from covered_types), list_cost, effective_cost) as cost"
    session.execute(
        f"""create or replace table cost_counts as
        select
            x_source, billing_currency, service_name, usage_type, account, {cost}, sum(now_count) as now_count,
            sum(before_count) as before_count
        from amounts group by all having cost is not null"""
    )
    session.execute("drop table amounts")
    columns = (
        "project, service_name, coalesce(usage_type, sku_id, 'no usage type') as usage_type,"
        " cast(effective_cost as double) as effective_cost, cast(list_cost as double) as list_cost"
    )
    session.execute(
        f"""create or replace table project_cost_counts as
        select x_source, billing_currency, project, {cost}, {_COUNTS}
        from ({lines("attributed_costs", columns, windows, "not is_shared_cost")}) as lines group by all"""
    )
