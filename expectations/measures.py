"""What the suites look at: views on the lines of the rebuilt partitions, and sums measured in one scan per layer.

Everything is created in the in-memory session; the warehouse stays read-only. Tables carry x_source and
billing_period so that a finding can always be told apart by partition.
"""

from collections.abc import Callable, Sequence

import duckdb

from expectations import aws_costs
from expectations.engine import quote
from expectations.measures_completeness import measure_completeness
from expectations.measures_drift import measure_drift
from expectations.measures_schema import measure_schema
from mlspend.core.proof_plan import CheckedPartition, ProofPlan

# Our name for what both shapes say, per shape; CUR names are those of CUR 2.0.
LANDED_COLUMNS: dict[str, dict[str, str]] = {
    "aws_cur": {
        "line_id": "identity_line_item_id",
        "billing_account_id": "bill_payer_account_id",
        "sub_account_id": "line_item_usage_account_id",
        "billing_currency": "line_item_currency_code",
        "charge_start": "line_item_usage_start_date",
        "line_type": "line_item_line_item_type",
        "service": "line_item_product_code",
        "billed_cost": "line_item_unblended_cost",
        "invoice_id": "bill_invoice_id",
    },
    "focus": {
        "line_id": "charge_description",
        "billing_account_id": "billing_account_id",
        "sub_account_id": "sub_account_id",
        "billing_currency": "billing_currency",
        "charge_start": "charge_period_start",
        "line_type": "charge_category",
        "service": "service_name",
        "billed_cost": "billed_cost",
        "invoice_id": "invoice_id",
    },
}

# Per shape. AWS: written a second time, apart from the warehouse's models.
BILLED_COST = {"aws_cur": aws_costs.BILLED_COST, "focus": "billed_cost"}
EFFECTIVE_COST = {"aws_cur": aws_costs.EFFECTIVE_COST, "focus": "effective_cost"}

_INVOICE = "nullif(invoice_id, '') as invoice_id"
# Taxes may name no account: receipts say '' then, tables NULL, and it is one and the same here.
_SUB_ACCOUNT = "coalesce(sub_account_id, '') as sub_account_id"
_GRAIN = f"x_source, billing_period, charge_date, billing_account_id, {_SUB_ACCOUNT}, billing_currency"
# The part of a receipt that is asked about, as DuckDB describes JSON.
_RECEIPT = (
    '{"row_count": "bigint", "net_accounts": ["varchar"], "tells_invoices": "boolean",'
    ' "control_totals": [{"charge_date": "date", "billing_account_id": "varchar", "sub_account_id": "varchar",'
    ' "billing_currency": "varchar",'
    ' "row_count": "bigint", "billed_cost": "varchar", "invoice_id": "varchar"}]}'
)
_MONEY = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")
_TOTALS = f"""
create or replace table totals (
    hop varchar, x_source varchar, billing_period varchar, charge_date date, billing_account_id varchar,
    sub_account_id varchar, billing_currency varchar, invoice_id varchar, tells_invoices boolean, line_count bigint,
    {", ".join(f"{name} decimal(38, 12)" for name in _MONEY)}
)"""


def prepare(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create the empty tables that the layers fill."""
    session.execute(_TOTALS)
    session.execute(
        "create or replace table column_types (layer varchar, x_source varchar, billing_period varchar,"
        " column_name varchar, data_type varchar)"
    )
    session.execute("create or replace table held (x_source varchar, billing_period varchar)")
    if plan.held:
        session.executemany("insert into held values (?, ?)", [list(partition) for partition in plan.held])


def measure_landing(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `landed_lines`, `landed_partitions` and `payers`; add 'control' (receipts) and 'landed' to `totals`."""
    receipts = "\nunion all\n".join(
        f"select {_constants(partition)}, from_json(content, '{_RECEIPT}') as receipt"
        f" from read_text({quote(partition.receipt)})"
        for partition in plan.rebuilt
    )
    session.execute(
        f"create or replace table receipts as select * exclude (receipt), unnest(receipt) from ({receipts})"
    )
    _measure_payers(session, plan)
    branches = []
    for partition in plan.rebuilt:
        names = LANDED_COLUMNS[partition.shape]
        columns = ", ".join(f'"{theirs}" as {ours}' for ours, theirs in names.items() if ours != "billed_cost")
        costs = f"{BILLED_COST[partition.shape]} as billed_cost, {EFFECTIVE_COST[partition.shape]} as effective_cost"
        lines = _parquet(partition.landed_files)
        if partition.shape == "aws_cur":
            lines = f"""(
                select landed.*, coalesce(payers.is_net, false) as is_net from {lines} as landed
                left join (select * from payers where {_is_partition(partition)}) as payers
                    on landed.bill_payer_account_id = payers.billing_account_id
            )"""
        branches.append(f"select {_constants(partition)}, {columns}, {costs} from {lines}")
        _describe(session, "landing", partition, partition.landed_files, list(names.values()))
    session.execute("create or replace view landed_lines as " + "\nunion all\n".join(branches))
    session.execute(
        f"""insert into totals by name
        select
            'landed' as hop, x_source, billing_period, cast(charge_start as date) as charge_date, billing_account_id,
            {_SUB_ACCOUNT}, billing_currency, {_INVOICE}, coalesce(tells_invoices, false) as tells_invoices,
            count(*) as line_count, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
        from landed_lines
        left join (select x_source, billing_period, tells_invoices from receipts) using (x_source, billing_period)
        group by all"""
    )
    session.execute(
        """insert into totals by name
        select
            'control' as hop, x_source, billing_period, total.charge_date, total.billing_account_id,
            total.sub_account_id, total.billing_currency, total.row_count as line_count,
            cast(total.billed_cost as decimal(38, 12)) as billed_cost, nullif(total.invoice_id, '') as invoice_id,
            coalesce(tells_invoices, false) as tells_invoices
        from (select x_source, billing_period, tells_invoices, unnest(control_totals) as total from receipts)"""
    )
    session.execute(
        """create or replace table landed_partitions as
        select receipt.x_source, receipt.billing_period, receipt.row_count as receipt_line_count,
            coalesce(landed_line_count, 0) as landed_line_count
        from receipts as receipt
        left join (
            select x_source, billing_period, sum(line_count) as landed_line_count
            from totals where hop = 'landed' group by all
        ) as landed using (x_source, billing_period)"""
    )


def _measure_payers(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `payers`: whose AWS lines are counted net of discounts, and what is known of those whose lines are not."""
    session.execute(
        """create or replace table payers (
            x_source varchar, billing_period varchar, billing_account_id varchar, billing_currency varchar,
            has_net_costs boolean, lines_without_net_cost bigint, unblended_cost decimal(38, 12),
            net_unblended_cost decimal(38, 12), cost_without_net_cost decimal(38, 12), discount_cost decimal(38, 12),
            is_landed_net boolean, is_net boolean
        )"""
    )
    for partition in plan.rebuilt:
        if partition.shape == "aws_cur":
            session.execute(
                f"""insert into payers by name
                select
                    found.*, receipt.net_accounts is not null as is_landed_net,
                    has_net_costs and lines_without_net_cost = 0 and receipt.net_accounts is not null as is_net
                from (
                    select {_constants(partition)}, {aws_costs.PAYERS}
                    from {_parquet(partition.landed_files)} group by all
                ) as found
                left join receipts as receipt using (x_source, billing_period)"""
            )


def measure_focus(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `focus_lines` and `duplicate_lines`; add the hop 'focus' to `totals`."""
    _lake_view(session, "focus", plan, lambda partition: partition.focus_files)
    # Lines equal in a 64-bit hash are few or none; only those are compared as text.
    session.execute(
        """create or replace table duplicate_lines as
        select x_source, billing_period, x_line_id, count(*) as line_count, sum(billed_cost) as billed_cost
        from focus_lines
        where hash(x_line_id) in (
            select line_hash from (select hash(x_line_id) as line_hash from focus_lines)
            group by line_hash having count(*) > 1
        )
        group by all having count(*) > 1"""
    )


def measure_marts(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `allocated_lines` and `daily_spend` of the rebuilt partitions; add their hops to `totals`."""
    # Shares and negating rows are no lines.
    lines = "count(*) filter (where allocated_method_id is null)"
    _lake_view(session, "allocated", plan, lambda partition: partition.allocated_files, lines)
    rebuilt = ", ".join(f"({quote(p.x_source)}, {quote(p.billing_period)})" for p in plan.rebuilt)
    session.execute(
        f"""create or replace view daily_spend as
        select * from warehouse.marts.daily_spend where (x_source, billing_period) in (values {rebuilt})"""
    )
    session.execute(
        f"""insert into totals by name
        select
            'daily_spend' as hop, {_GRAIN}, {_INVOICE}, sum(line_count) as line_count,
            sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
        from daily_spend group by all"""
    )
    session.execute(
        f"""insert into totals by name
        select
            'monthly_spend' as hop, x_source, billing_period, billing_account_id, billing_currency,
            {_INVOICE},
            sum(line_count) as line_count, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
        from warehouse.marts.monthly_spend where (x_source, billing_period) in (values {rebuilt})
        group by all"""
    )
    session.execute(
        f"""insert into totals by name
        select
            'spend_changes' as hop, {_GRAIN}, sum(line_count_change) as line_count,
            sum(billed_cost_change) as billed_cost, sum(effective_cost_change) as effective_cost
        from warehouse.marts.spend_changes where (x_source, billing_period) in (values {rebuilt})
        group by all"""
    )


def measure_warehouse(session: duckdb.DuckDBPyConnection, _: ProofPlan) -> None:
    """Create `reconciliation` and `partition_presence` over all partitions of the warehouse."""
    session.execute("create or replace view reconciliation as select * from warehouse.marts.reconciliation")
    session.execute(
        """create or replace table partition_presence as
        select
            coalesce(held.x_source, found.x_source) as x_source,
            coalesce(held.billing_period, found.billing_period) as billing_period,
            held.x_source is not null as is_planned, found.x_source is not null as is_present
        from held
        full join (select distinct x_source, billing_period from warehouse.marts.reconciliation) as found
            on held.x_source = found.x_source and held.billing_period = found.billing_period"""
    )


# In the order of the data's way; all but the last look at rebuilt partitions only.
LAYERS: dict[str, Callable[[duckdb.DuckDBPyConnection, ProofPlan], None]] = {
    "landing": measure_landing,
    "focus": measure_focus,
    "marts": measure_marts,
    "schema": measure_schema,
    "completeness": measure_completeness,
    "drift": measure_drift,
    "warehouse": measure_warehouse,
}


def _lake_view(
    session: duckdb.DuckDBPyConnection,
    layer: str,
    plan: ProofPlan,
    files_of: Callable[[CheckedPartition], tuple[str, ...]],
    line_count: str = "count(*)",
) -> None:
    files = [file for partition in plan.rebuilt for file in files_of(partition)]
    # Partition columns stand in the path, and may stand in the file too; as text, '2026-10' is no date.
    session.execute(
        f"create or replace view {layer}_lines as select * from"
        f" read_parquet({_list(files)}, hive_partitioning = true, hive_types_autocast = false)"
    )
    for partition in plan.rebuilt:
        _describe(session, layer, partition, files_of(partition), None)
    session.execute(
        f"""insert into totals by name
        select
            '{layer}' as hop, {_GRAIN}, {_INVOICE}, {line_count} as line_count,
            {", ".join(f"sum({m}) as {m}" for m in _MONEY)}
        from {layer}_lines group by all"""
    )


def _describe(
    session: duckdb.DuckDBPyConnection,
    layer: str,
    partition: CheckedPartition,
    files: Sequence[str],
    columns: list[str] | None,
) -> None:
    """Add the column types that DuckDB itself reports for one partition's files to `column_types`."""
    if not files:
        return
    session.execute(f"create or replace view described as select * from {_parquet(files)}")
    chosen = "" if columns is None else f"and column_name in ({', '.join(map(quote, columns))})"
    session.execute(
        f"""insert into column_types
        select {quote(layer)}, {quote(partition.x_source)}, {quote(partition.billing_period)}, column_name, data_type
        from duckdb_columns() where database_name = current_database() and table_name = 'described' {chosen}"""
    )
    session.execute("drop view described")


def _constants(partition: CheckedPartition) -> str:
    return f"{quote(partition.x_source)} as x_source, {quote(partition.billing_period)} as billing_period"


def _is_partition(partition: CheckedPartition) -> str:
    return f"x_source = {quote(partition.x_source)} and billing_period = {quote(partition.billing_period)}"


def _list(files: Sequence[str]) -> str:
    return "[" + ", ".join(map(quote, files)) + "]"


def _parquet(files: Sequence[str]) -> str:
    return f"read_parquet({_list(files)}, union_by_name = true)"
