"""The ledger's part about money that is not in exports: exchange rates as they were used."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore, exchange_rates
from mlspend.core.exchange_rates import Pair, Rate


class LedgerMoney:
    """Methods of the ledger; all times are aware UTC datetimes, amounts and rates travel as text."""

    _store: StateStore

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
