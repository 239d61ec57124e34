"""The ledger's part about money that no export holds: exchange rates as used, invoices, what asking an API costs."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import api_calls, exchange_rates, invoices
from mlspend.core.exchange_rates import Pair, Rate
from mlspend.core.invoices import Invoice

_AMOUNTS = ("total", "tax", "credit")
_INVOICE_KEY = ["source", "invoice_id"]


class LedgerMoney:
    """Methods of the ledger; all times are aware UTC datetimes, amounts and rates travel as text."""

    _store: StateStore

    # Exchange rates

    def frozen_rates(self, reporting: str) -> dict[Pair, Rate]:
        """Return the frozen rates to the `reporting` currency by billing month and currency."""
        rows = self._store.rows(sa.select(exchange_rates).where(exchange_rates.c.to_currency == reporting))
        return {
            (row["month"], row["from_currency"]): Rate(
                Decimal(row["rate"]), date.fromisoformat(row["rate_date"]) if row["rate_date"] else None, "frozen"
            )
            for row in rows
        }

    def freeze_rates(self, used: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Keep rates for ever: rows of month, from_currency, to_currency, rate and rate_date. The first one stays."""
        used = list(used)
        if not used:
            return
        with self._store.transaction() as connection:
            for row in used:
                frozen = self._store.upsert(exchange_rates).values(**row, frozen_at=now)
                connection.execute(frozen.on_conflict_do_nothing())

    # Invoices

    def invoices(self) -> list[Invoice]:
        """Return every invoice known, by source and id."""
        rows = self._store.rows(sa.select(invoices).order_by(invoices.c.source, invoices.c.invoice_id))
        return [_invoice(row) for row in rows]

    def record_invoices(self, found: Iterable[Invoice], now: datetime) -> int:
        """Keep invoices, in place of what was known of the same ones; return how many were new or said otherwise."""
        known = {(one.source, one.invoice_id): one for one in self.invoices()}
        changed = [one for one in found if known.get((one.source, one.invoice_id)) != one]
        if changed:
            with self._store.transaction() as connection:
                for one in sorted(changed, key=lambda each: (each.source, each.invoice_id)):
                    row = {**vars(one), "taken_at": now}
                    row |= {name: None if row[name] is None else f"{row[name]:f}" for name in _AMOUNTS}
                    insert = self._store.upsert(invoices).values(**row)
                    said = {name: value for name, value in row.items() if name not in _INVOICE_KEY}
                    connection.execute(insert.on_conflict_do_update(index_elements=_INVOICE_KEY, set_=said))
        return len(changed)

    # Requests to the provider's APIs

    def record_api_call(
        self, service: str, operation: str, source: str, now: datetime, cost: Decimal | None = None, *, count: int = 1
    ) -> None:
        """Record one request to an API before it is sent, or `count` that were.

        `cost` in USD is what the provider asks for all of them, if known.
        """
        row = {"called_at": now, "service": service, "operation": operation, "source": source}
        with self._store.transaction() as connection:
            price = None if cost is None else f"{cost:f}"
            connection.execute(sa.insert(api_calls).values(**row, call_count=count, estimated_cost=price))

    def claim_api_call(
        self, service: str, operation: str, source: str, now: datetime, *, since: datetime, cost: Decimal
    ) -> datetime | None:
        """Record a request, unless one was made `since` then: return when that was, None where the claim holds."""
        is_it = (api_calls.c.service == service, api_calls.c.operation == operation, api_calls.c.source == source)
        asked = sa.select(api_calls.c.called_at).where(*is_it, api_calls.c.called_at >= since).limit(1)
        row = {"called_at": now, "service": service, "operation": operation, "source": source}
        with self._store.transaction_alone() as connection:
            if found := connection.execute(asked).first():
                before: datetime = found[0]
                return before
            connection.execute(sa.insert(api_calls).values(**row, call_count=1, estimated_cost=f"{cost:f}"))
        return None

    def api_calls(self) -> list[dict[str, Any]]:
        """Return every request, oldest first: called_at, service, operation, source, call_count, estimated_cost."""
        columns = [column for column in api_calls.c if column.name != "sequence"]
        rows = self._store.rows(sa.select(*columns).order_by(api_calls.c.called_at, api_calls.c.sequence))
        return [{**row, "estimated_cost": _amount(row["estimated_cost"])} for row in rows]


def _invoice(row: dict[str, Any]) -> Invoice:
    said: dict[str, Any] = {
        name: _amount(value) if name in _AMOUNTS else value for name, value in row.items() if name != "taken_at"
    }
    return Invoice(**said)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
