"""Closings that only the published file knows, because the state store was lost or put back from an older backup."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import Row, query_file

_KNOWN = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'closed_periods'"
_CLOSINGS = """
    select x_source as source, billing_period, closed_at, closed_by, build_id, rules, note
    from marts.closed_periods
    order by x_source, billing_period
"""
# In the order in which they were frozen, so that they make the same build as before.
_SPEND = """
    select
        spend.x_source as source, statement_period, spend.billing_period, billing_account_id, sub_account_id,
        service_name, charge_category, project, team, environment, ml_stage, is_shared_cost, billing_currency,
        billed_cost, effective_cost
    from marts.closed_spend as spend
    left join marts.closed_periods as closings
        on spend.x_source = closings.x_source and spend.statement_period = closings.billing_period
    order by closings.closed_at, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
"""
_RULES = "select version, rules, first_used_at from ops.rule_versions"


def recover(home: Home, ledger: Ledger) -> None:
    """Record published closings again that the ledger never heard of; else the next build would open their months.

    Raises StateLost where the rules that one of them keeps are not known any more.
    """
    file = home.published_warehouse
    if not file.exists() or not query_file(file, _KNOWN):
        return
    closings = [_plain(row) for row in query_file(file, _CLOSINGS)]
    if not ledger.unknown_closings(closings):
        return
    rules = {row["version"]: _plain(row) for row in query_file(file, _RULES)}
    ledger.restore_closings(closings, [_plain(row) for row in query_file(file, _SPEND)], rules)


def _plain(row: Row) -> dict[str, Any]:
    """Return a row as the state store has it: amounts as text, times in UTC."""
    plain = dict(row)
    for name, value in row.items():
        if isinstance(value, Decimal):
            plain[name] = format(value, "f")
        elif isinstance(value, datetime):
            plain[name] = value.replace(tzinfo=UTC)
    return plain
