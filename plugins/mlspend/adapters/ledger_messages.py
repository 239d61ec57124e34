"""The ledger's part about messages, so that each goes out once, and about requests of Slack, so that each counts once.

A message is claimed before it is sent. A claim without `sent_at` is uncertain: its sender crashed between asking and
being told, or is still at it. The parts of a message's thread are planned with it, in the same transaction, and
taken one after the other; those that nobody has begun say so in `reference`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import messages, slack_requests

PLANNED = "not begun"


class LedgerMessages:
    """Methods of the ledger; all times are aware UTC datetimes."""

    _store: StateStore

    def claim_message(self, key: str, *, kind: str, destination: str, now: datetime, parts: Iterable[str] = ()) -> bool:
        """Claim the right to send the message `key`; False where it was claimed before, sent or not.

        With it the `parts` of its thread are planned. Where it was claimed before, look the message up at its
        destination, then `record_message_sent` or `release_message`.
        """
        about = {"kind": kind, "destination": destination, "claimed_at": now}
        claim = self._store.upsert(messages).values(message_key=key, **about).on_conflict_do_nothing()
        with self._store.transaction() as connection:
            if connection.execute(claim).rowcount != 1:
                return False
            for part in parts:
                plan = self._store.upsert(messages).values(message_key=part, reference=PLANNED, **about)
                connection.execute(plan.on_conflict_do_nothing())
            return True

    def take_message(self, known: dict[str, Any], now: datetime) -> bool:
        """Take over a claim that stands as `known` says, as `message` returned it; False where another was faster."""
        table = messages.c
        mine = (
            sa.update(messages)
            .where(table.message_key == known["message_key"], table.sent_at.is_(None))
            .where(table.claimed_at == known["claimed_at"], table.reference.is_not_distinct_from(known["reference"]))
        )
        with self._store.transaction() as connection:
            return connection.execute(mine.values(claimed_at=now, reference=None)).rowcount == 1

    def record_message_sent(self, key: str, *, reference: str | None, now: datetime) -> None:
        """Record that a claimed message is out; `reference` finds it again (Slack's channel and ts, a file name)."""
        sent = sa.update(messages).where(messages.c.message_key == key, messages.c.sent_at.is_(None))
        with self._store.transaction() as connection:
            connection.execute(sent.values(sent_at=now, reference=reference))

    def put_back_message(self, key: str) -> None:
        """Record that a planned part certainly did not go out: it is to be sent by a later run."""
        unsent = sa.update(messages).where(messages.c.message_key == key, messages.c.sent_at.is_(None))
        with self._store.transaction() as connection:
            connection.execute(unsent.values(reference=PLANNED))

    def release_message(self, key: str, parts: Iterable[str] = ()) -> bool:
        """Give back a claim whose message certainly did not go out, and what was planned with it.

        False where there is none, or it was sent.
        """
        with self._store.transaction() as connection:
            unsent = sa.delete(messages).where(messages.c.sent_at.is_(None))
            is_released = connection.execute(unsent.where(messages.c.message_key == key)).rowcount == 1
            for part in parts:
                connection.execute(unsent.where(messages.c.message_key == part))
        return is_released

    def message(self, key: str) -> dict[str, Any] | None:
        """Return what is known of the message `key`: the keys of `messages`, None where it was never claimed."""
        found = self._store.rows(sa.select(messages).where(messages.c.message_key == key))
        return found[0] if found else None

    def messages(self) -> list[dict[str, Any]]:
        """Return every message: message_key, kind, destination, claimed_at, sent_at, reference."""
        return self._store.rows(sa.select(messages).order_by(messages.c.claimed_at, messages.c.message_key))

    def take_slack_request(self, request_id: str, *, now: datetime, forget_before: datetime) -> bool:
        """Record that a request of Slack is dealt with; False where it was before. Older ones are forgotten."""
        first = self._store.upsert(slack_requests).values(request_id=request_id, received_at=now)
        with self._store.transaction() as connection:
            is_first = connection.execute(first.on_conflict_do_nothing()).rowcount == 1
            connection.execute(sa.delete(slack_requests).where(slack_requests.c.received_at < forget_before))
        return is_first
