"""Which columns the landed Parquet has, which ones were delivered, and what changed since the published delivery."""

from collections.abc import Callable

import duckdb

from expectations.engine import quote
from mlspend.core.export_kinds import AWS_CUR, FOCUS
from mlspend.core.proof_plan import CheckedPartition, ProofPlan

_SHAPES = (AWS_CUR, FOCUS)
# The part of a receipt that is asked about, as DuckDB describes JSON.
_RECEIPT = (
    '{"delivery": {"export_kind": "varchar", "period": "varchar"}, "absent_columns": ["varchar"],'
    ' "extra_columns": ["varchar"], "column_types": "map(varchar, varchar)"}'
)


def measure_schema(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    """Create `landed_columns`, `delivered_columns` and `changed_columns`, of the rebuilt partitions.

    `landed_columns`: one row per column of the export kind's shape, with the type it must have and the one found, NULL
    where the Parquet lacks it. `delivered_columns`: one row per partition, with the columns that were absent and those
    that no export kind knows. `changed_columns`: one row per column that the published delivery of the same kind had
    otherwise.
    """
    _measure_landed(session, plan)
    _read_receipts(session, "column_receipts", plan, lambda partition: partition.receipt)
    _read_receipts(session, "published_receipts", plan, lambda partition: partition.published_receipt)
    session.execute(
        """create or replace table delivered_columns as
        select
            x_source, billing_period, delivery.export_kind as export_kind,
            len(absent_columns) as absent_count, array_to_string(list_sort(absent_columns), ' ') as absent_columns,
            len(extra_columns) as extra_count, array_to_string(list_sort(extra_columns), ' ') as extra_columns
        from column_receipts"""
    )
    session.execute(
        """create or replace table changed_columns as
        with pairs as (
            select
                found.x_source, found.billing_period, known.delivery.period as published_period,
                known.column_types as types_before, found.column_types as types_now,
                known.absent_columns as absent_before, found.absent_columns as absent_now
            from column_receipts as found
            join published_receipts as known
                on found.x_source = known.x_source and found.billing_period = known.billing_period
                and found.delivery.export_kind = known.delivery.export_kind
        ),
        types as (
            select
                x_source, billing_period, published_period, unnest(map_keys(types_before)) as column_name,
                types_before, types_now
            from pairs
        ),
        gone as (
            select
                x_source, billing_period, published_period,
                unnest(list_filter(absent_now, lambda each: not list_contains(absent_before, each))) as column_name,
                'absent now' as change
            from pairs
        )
        select
            x_source, billing_period, column_name,
            types_before[column_name] || ' before, ' || types_now[column_name] || ' now' as change, published_period
        from types where types_before[column_name] <> types_now[column_name]
        union all by name
        select * from gone"""
    )


def _measure_landed(session: duckdb.DuckDBPyConnection, plan: ProofPlan) -> None:
    session.execute(
        "create or replace table wanted_columns"
        " (shape varchar, column_name varchar, is_required boolean, wanted varchar)"
    )
    for shape in _SHAPES:
        rows = [[shape.name, name, name in shape.required, type_] for name, type_ in shape.columns.items()]
        session.executemany("insert into wanted_columns values (?, ?, ?, replace(upper(?), ' ', ''))", rows)
    session.execute(
        "create or replace table found_columns"
        " (x_source varchar, billing_period varchar, shape varchar, column_name varchar, found varchar)"
    )
    for partition in plan.rebuilt:
        files = ", ".join(map(quote, partition.landed_files))
        session.execute(
            f"""insert into found_columns
            select
                {_place(partition)}, {quote(partition.shape)}, column_name, replace(upper(column_type), ' ', '')
            from (describe select * from read_parquet([{files}], union_by_name = true))"""
        )
    session.execute(
        """create or replace table landed_columns as
        select partitions.x_source, partitions.billing_period, column_name, is_required, wanted, found
        from (select distinct x_source, billing_period, shape from found_columns) as partitions
        join wanted_columns using (shape)
        left join found_columns using (x_source, billing_period, shape, column_name)"""
    )


def _read_receipts(
    session: duckdb.DuckDBPyConnection, table: str, plan: ProofPlan, file_of: Callable[[CheckedPartition], str]
) -> None:
    files = [(partition, file_of(partition)) for partition in plan.rebuilt]
    queries = [
        f"select {_place(partition)}, from_json(content, '{_RECEIPT}') as receipt from read_text({quote(file)})"
        for partition, file in files
        if file
    ] or [f"select '' as x_source, '' as billing_period, from_json('{{}}', '{_RECEIPT}') as receipt where false"]
    session.execute(
        f"create or replace table {table} as select * exclude (receipt), unnest(receipt)"
        f" from ({' union all '.join(queries)})"
    )


def _place(partition: CheckedPartition) -> str:
    return f"{quote(partition.x_source)} as x_source, {quote(partition.billing_period)} as billing_period"
