"""Close a billing period: freeze its statement as published. Later restatements become adjustments of a later month."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mlspend.adapters import publication
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse_query import Row, query_file
from mlspend.core.closing import AccountPeriod, list_objections
from mlspend.core.deliveries import Partition
from mlspend.core.errors import ClosingRefused, NothingPublished

_ACCOUNTS = """
    select
        periods.x_source, periods.billing_account_id, periods.billing_period, periods.billing_currency,
        periods.final_from, periods.final_reason, coalesce(sums.is_reconciled, false) as is_reconciled,
        sums.largest_difference as difference
    from marts.period_finality as periods
    left join marts.reconciliation as sums using (x_source, billing_account_id, billing_period, billing_currency)
    where periods.billing_period = ? and list_contains(?, periods.x_source)
    order by all
"""
_STATEMENT = """
    select
        x_source as source, statement_period, billing_period, billing_account_id, sub_account_id, service_name,
        charge_category, project, team, environment, ml_stage, is_shared_cost, billing_currency, billed_cost,
        effective_cost
    from marts.chargeback
    where statement_period = ? and list_contains(?, x_source)
    order by all
"""
_PERIODS = "from marts.billing_periods order by x_source, billing_period, billing_account_id, billing_currency"


def close(
    home: Home, ledger: Ledger, period: str, *, source: str | None, by: str, note: str | None, now: datetime
) -> list[dict[str, Any]]:
    """Close `period` of `source` (None: of every source that is published with it), all or none; return the closings.

    `note` says why it is closed although amounts may still change, None where they may not. What is frozen are the
    published statements. Raises ClosingRefused with every objection and what to do.
    """
    published = publication.read_published(home)
    if published is None:
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")
    partitions = _partitions(published.partitions, period, source)
    sources = sorted(each.x_source for each in partitions)
    accounts = [AccountPeriod(**row) for row in _ask(home, _ACCOUNTS, [period, sources])]
    today = now.astimezone(UTC).date()
    objections = list_objections(accounts, today, is_provisional=note is not None)
    objections += [
        f"source {each!r}, billing period {period} holds no charges, so there is nothing to close"
        for each in sources
        if each not in {one.x_source for one in accounts}
    ]
    if objections:
        raise ClosingRefused("\n".join(objections))
    closings = [
        {
            "source": each.x_source,
            "billing_period": period,
            "closed_at": now,
            "closed_by": by,
            "build_id": published.build_id,
            "rules": each.rules,
            "note": note,
        }
        for each in sorted(partitions, key=lambda one: one.x_source)
    ]
    spend = [_as_text(row) for row in _ask(home, _STATEMENT, [period, sources])]
    ledger.close_periods(closings, spend, known=_closed(home, sources))
    return closings


def read_periods(home: Home) -> list[Row]:
    """Return marts.billing_periods; nothing before the first publication, or of one that knows no such table."""
    if not home.published_warehouse.exists():
        return []
    known = query_file(
        home.published_warehouse,
        "select 1 from duckdb_views() where schema_name = 'marts' and view_name = 'billing_periods'",
    )
    return query_file(home.published_warehouse, _PERIODS) if known else []


def _partitions(partitions: Collection[Partition], period: str, source: str | None) -> list[Partition]:
    found = [each for each in partitions if each.billing_period == period and source in (None, each.x_source)]
    if not found:
        held = sorted({each.billing_period for each in partitions if source in (None, each.x_source)})
        of_source = f" of source {source!r}" if source else ""
        raise ClosingRefused(
            f"billing period {period}{of_source} is not published; published are"
            f" {', '.join(held) or 'none'}: land, build and publish it first"
        )
    return found


def _closed(home: Home, sources: list[str]) -> dict[str, frozenset[tuple[str, datetime]]]:
    """Return what the published statements take for closed, per source."""
    rows = _ask(home, "select x_source, billing_period, closed_at from marts.closed_periods", None)
    return {
        source: frozenset(
            (row["billing_period"], row["closed_at"].replace(tzinfo=UTC)) for row in rows if row["x_source"] == source
        )
        for source in sources
    }


def _ask(home: Home, query: str, parameters: list[object] | None) -> list[Row]:
    return query_file(home.published_warehouse, query, parameters)


def _as_text(row: Row) -> dict[str, Any]:
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in row.items()}


def describe_state(row: Row) -> str:
    """Return in words how far a row of marts.billing_periods is.

    >>> row = {"is_closed": False, "is_final": False, "final_from": "2026-11-15", "final_reason": "no invoice ids"}
    >>> describe_state(row), describe_state(row | {"is_final": True})
    ('provisional until 2026-11-15 (no invoice ids)', 'final, not closed')
    """
    if row["is_closed"]:
        return "closed"
    if row["is_final"]:
        return "final, not closed"
    until = f" until {row['final_from']}" if row["final_from"] else ""
    return f"provisional{until} ({row['final_reason']})"
