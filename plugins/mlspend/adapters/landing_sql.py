"""The SQL of landing: raw columns by position in, typed columns of the landed shape out; and the control totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlspend.adapters.duckdb_files import quote_list
from mlspend.adapters.raw_files import RawFile
from mlspend.core.columns import ColumnPlan
from mlspend.core.export_kinds import NET_COLUMNS, Shape
from mlspend.core.periods import first_day, shift_period

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT"}
# What generators write where there is no number or map (nise: None; FOCUS samples: NULL).
NO_VALUE = "('', 'None', 'NULL')"


_FEW_KEYS = 6


@dataclass(frozen=True)
class Cast:
    """How a column is made: `raw` as delivered, `value` without literal nones, `sql` cast strictly or `lenient`ly."""

    landed: str
    raw: str
    value: str
    sql: str
    lenient: str


def cast_columns(shape: Shape, plan: ColumnPlan, file: RawFile) -> list[Cast]:
    """Return one Cast per column of `shape` that this file fills directly, in the shape's order."""
    casts = []
    for landed, type_ in shape.columns.items():
        if landed in plan.direct:
            position = plan.direct[landed]
            casts.append(_cast(landed, f"c{position}", file.columns[position].type, type_))
    return casts


def lines_query(shape: Shape, plan: ColumnPlan, file: RawFile, relation: str, where: str) -> str:
    """Return the query that makes landed lines of `shape` from the raw lines of `relation` that are `where`.

    A legacy month has sixty product columns but a few hundred different sets of values in them: each set is made into
    a map once and joined back by the list of its values (four times faster than a map per line, Nov2018).
    """
    direct = {cast.landed: cast.sql for cast in cast_columns(shape, plan, file)}
    keyed: dict[str, str] = {}
    tables, joins = [], []
    for name, pairs in plan.keyed.items():
        values = [_text("", f"c{position}", file.columns[position].type) for _, position in pairs]
        if len(pairs) <= _FEW_KEYS:
            keyed[name] = _keyed_map(pairs, f"[{', '.join(values)}]")
        else:
            key = f"[{', '.join(values)}]"
            tables.append(
                f"{name}_maps as (select key, {_keyed_map(pairs, 'key')} as made "
                f"from (select distinct {key} as key from {relation} where {where}))"
            )
            joins.append(f"left join {name}_maps on {name}_maps.key is not distinct from {key}")
            keyed[name] = f"{name}_maps.made"
    items = []
    for landed, type_ in shape.columns.items():
        expression = direct.get(landed) or (
            _map(landed, type_, plan, file, keyed) if type_.startswith("map") else f"null::{type_}"
        )
        items.append(f"{expression} as {landed}")
    tables_first = f"with {', '.join(tables)} " if tables else ""
    return f"{tables_first}select {', '.join(items)} from {relation} {' '.join(joins)} where {where}"


def in_period(shape: Shape, plan: ColumnPlan, file: RawFile, period: str) -> str:
    """Return the condition that a raw line belongs to the billing period 'YYYY-MM'."""
    start = column(shape, plan, file, shape.period_start)
    return f"{start} >= timestamp '{first_day(period)}' and {start} < timestamp '{first_day(shift_period(period, 1))}'"


def column(shape: Shape, plan: ColumnPlan, file: RawFile, landed: str) -> str:
    """Return the strict expression of one landed column, '' as text where the file does not have it."""
    if landed not in plan.direct:
        return "''"
    position = plan.direct[landed]
    return _cast(landed, f"c{position}", file.columns[position].type, shape.columns[landed]).sql


def total_query(shape: Shape, plan: ColumnPlan, file: RawFile, relation: str) -> str:
    """Return the query of control totals of raw lines per month of billing period, day, account, currency and invoice.

    Columns: day the billing period starts, charge_date, billing account, sub account, currency, rows, billed cost,
    lines that miss a value they must have, invoice ('' for none); billed cost net of discounts, lines where that is
    not zero, and lines with an amount whose net counterpart is missing (the last three zero without net costs).
    """

    def raw(landed: str) -> str:
        return column(shape, plan, file, landed)

    def amount(landed: str | None) -> str:
        return raw(landed) if landed and landed in plan.direct else "null::decimal(38,12)"

    misses = " or ".join(f"{raw(landed)} is null" for landed in shape.never_null)
    net = amount(shape.net_billed_cost)
    pairs = [(type_, *pair) for type_, names in NET_COLUMNS.items() for pair in names.items()]
    unmatched = (
        " or ".join(
            f"({amount(gross)} <> 0 and {amount(netted)} is null"
            + (f" and {raw('line_item_line_item_type')} = '{type_}')" if type_ else ")")
            for type_, gross, netted in pairs
        )
        if shape.net_billed_cost
        else "false"
    )
    return f"""
        select
            cast({raw(shape.period_start)} as date) as period_start_date,
            cast({raw(shape.charge_start)} as date) as charge_date,
            {raw(shape.billing_account)} as billing_account_id,
            coalesce({raw(shape.sub_account)}, '') as sub_account_id,
            {raw(shape.currency)} as billing_currency,
            count(*) as row_count,
            sum({raw(shape.billed_cost)}) as billed_cost,
            count(*) filter (where {misses}) as incomplete_count,
            coalesce({raw(shape.invoice)}, '') as invoice_id,
            coalesce(sum({net}), 0) as net_billed_cost,
            count(*) filter (where {net} <> 0) as net_count,
            count(*) filter (where {unmatched}) as unmatched_count
        from {relation}
        group by all
        order by all
    """


def line_types_query(shape: Shape, plan: ColumnPlan, file: RawFile, relation: str) -> str:
    """Return the query of the distinct line item types of the raw lines of an AWS report."""
    return f"select distinct {column(shape, plan, file, 'line_item_line_item_type')} from {relation}"


def _cast(landed: str, raw: str, raw_type: str, type_: str) -> Cast:
    if type_ == "varchar":
        text = _text(landed, raw, raw_type)
        return Cast(landed, raw, raw, text, text)
    if raw_type == type_.upper():
        return Cast(landed, raw, raw, raw, raw)
    is_text = raw_type == "VARCHAR"
    value = raw
    if is_text:
        value = f"case when {raw} not in {NO_VALUE} then {raw} end"
    if type_ == "timestamp":
        # Straight from text to TIMESTAMP DuckDB would drop an offset like +02:00 instead of applying it.
        through = "timestamptz" if is_text else "timestamp"
        return Cast(
            landed, raw, value, f"({value})::{through}::timestamp", f"try_cast({value} as {through})::timestamp"
        )
    return Cast(landed, raw, value, f"({value})::{type_}", f"try_cast({value} as {type_})")


def _text(landed: str, raw: str, raw_type: str) -> str:
    if raw_type == "VARCHAR":
        return raw
    if raw_type in _INTEGERS and landed in ("bill_payer_account_id", "line_item_usage_account_id"):
        # Some tool on the way made a number of it; an AWS account id has twelve digits.
        return f"lpad({raw}::varchar, 12, '0')"
    if raw_type.startswith(("MAP", "STRUCT")):
        return f"to_json({raw})::varchar"
    return f"{raw}::varchar"


def _map(landed: str, type_: str, plan: ColumnPlan, file: RawFile, keyed: Mapping[str, str]) -> str:
    parts = [whole_map(f"c{position}", file.columns[position].type, type_) for position in plan.whole.get(landed, ())]
    if landed in keyed:
        parts.append(keyed[landed])
    if not parts:
        return f"null::{type_}"
    merged = parts[0]
    for part in parts[1:]:
        merged = (
            f"case when {part} is null then {merged} when {merged} is null then {part} "
            f"else map_concat({merged}, {part}) end"
        )
    return merged


def whole_map(raw: str, raw_type: str, type_: str) -> str:
    """Return the expression that makes a landed map of a raw one, or of the JSON object a text holds."""
    if raw_type == "VARCHAR":
        return f"(case when {raw} not in {NO_VALUE} then {raw}::json end)::{type_}"
    return raw if raw_type == type_.upper() else f"{raw}::{type_}"


def _keyed_map(pairs: Sequence[tuple[str, int]], values: str) -> str:
    """Return the map of the keys whose value in the list `values` is filled, null where none is."""
    keys = quote_list([key for key, _ in pairs])
    filled = f"list_filter(list_zip({keys}, {values}), lambda pair: pair[2] <> '')"
    return f"case when len({filled}) > 0 then map_from_entries({filled}) end"
