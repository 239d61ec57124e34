"""The ledger's part about which deliveries the quality gates hold back, and who accepted one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import held_deliveries
from mlspend.core.gates import HeldDelivery

_KEY = (held_deliveries.c.source, held_deliveries.c.billing_period, held_deliveries.c.version)
_COLUMNS = [column.name for column in held_deliveries.c]


class LedgerGates:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore

    def held_deliveries(self) -> list[HeldDelivery]:
        """Return every delivery that was ever held back, by source, billing period and when it was last judged."""
        query = sa.select(held_deliveries).order_by(*_KEY[:2], held_deliveries.c.checked_at, _KEY[2])
        rows = self._store.rows(query)
        return [HeldDelivery(**{**row, "reasons": tuple(json.loads(row["reasons"]))}) for row in rows]

    def record_held(self, held: Sequence[HeldDelivery]) -> None:
        """Record deliveries that were judged red just now, and no longer those of the same periods before them.

        A period that is red already stays so since the first time. Whoever accepted a delivery did so for what was red
        of it then: recorded again, it is held again for what is red besides, and what was accepted is kept.
        """
        with self._store.transaction() as connection:
            for one in sorted(held, key=lambda each: (each.source, each.billing_period, each.version)):
                place = (_KEY[0] == one.source, _KEY[1] == one.billing_period)
                standing = held_deliveries.c.released_at.is_(None)
                first = connection.execute(sa.select(sa.func.min(held_deliveries.c.held_since)).where(*place, standing))
                since = first.scalar_one()
                others = sa.update(held_deliveries).where(*place, standing, _KEY[2] != one.version)
                connection.execute(others.values(released_at=one.checked_at))
                row = asdict(replace(one, held_since=since or one.held_since))
                row["reasons"] = json.dumps(one.reasons)
                insert = self._store.upsert(held_deliveries).values(**row)
                facts = {name: insert.excluded[name] for name in _COLUMNS[3:] if name != "acceptances"}
                connection.execute(insert.on_conflict_do_update(index_elements=_COLUMNS[:3], set_=facts))

    def accept_held(
        self, held: HeldDelivery, *, by: str, reason: str, now: datetime, until: date | None = None
    ) -> bool:
        """Record that somebody takes as right what is red of a held delivery; False where it was judged anew since.

        With `until` that is so of later versions of its billing period too, up to that day.
        """
        acceptance = {
            "checks": sorted({result["check_name"] for result in json.loads(held.results)}),
            "at": now.isoformat(),
            "by": by,
            "reason": reason,
            "until": until.isoformat() if until else None,
        }
        facts = {
            "accepted_at": now,
            "accepted_by": by,
            "accept_reason": reason,
            "acceptances": json.dumps([*json.loads(held.acceptances), acceptance]),
        }
        as_seen = (
            held_deliveries.c.checked_at == held.checked_at,
            held_deliveries.c.accepted_at.is_(None),
            held_deliveries.c.released_at.is_(None),
        )
        with self._store.transaction() as connection:
            changed = connection.execute(sa.update(held_deliveries).where(*_is(held), *as_seen).values(**facts))
        return changed.rowcount == 1

    def release_held(self, released: Iterable[HeldDelivery], now: datetime) -> None:
        """Record that these are held back no more: they are published, or another delivery counts."""
        with self._store.transaction() as connection:
            for one in released:
                still = (held_deliveries.c.released_at.is_(None), held_deliveries.c.checked_at == one.checked_at)
                connection.execute(sa.update(held_deliveries).where(*_is(one), *still).values(released_at=now))


def _is(held: HeldDelivery) -> tuple[sa.ColumnElement[bool], ...]:
    return tuple(
        column == value for column, value in zip(_KEY, (held.source, held.billing_period, held.version), strict=True)
    )
