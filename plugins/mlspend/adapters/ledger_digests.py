"""The ledger's part about what each digest that was sent was made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import digests, messages
from mlspend.core.digest import Digest
from mlspend.core.digest_codec import decode, encode
from mlspend.core.errors import DigestNotKept

# A year to compare with, and the month that is open.
_MONTHS_KEPT = 13
_DAYS_KEPT = timedelta(days=31 * _MONTHS_KEPT)


@dataclass(frozen=True)
class KeptDigest:
    """What a digest was made of, and a hash of what it said."""

    message_key: str
    digest: Digest
    content_hash: str


class LedgerDigests:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore

    def keep_digest(self, key: str, digest: Digest, content_hash: str, now: datetime) -> None:
        """Keep what the digest `key` is made of, in place of what was kept, and forget what is older than 13 months."""
        row = {
            "week": str(digest.week),
            "channel": digest.audience.channel or digest.audience.name,
            "teams": ", ".join(digest.audience.teams),
            "build_id": digest.build_id,
            "composed_at": digest.composed_at,
            "inputs": encode(digest),
            "content_hash": content_hash,
        }
        insert = self._store.upsert(digests).values(message_key=key, **row)
        with self._store.transaction() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["message_key"], set_=row))
            connection.execute(sa.delete(digests).where(digests.c.composed_at < now - _DAYS_KEPT))

    def kept_digest(self, key: str) -> KeptDigest | None:
        """Return what the digest `key` was made of, None where that is not kept."""
        rows = self._store.rows(sa.select(digests).where(digests.c.message_key == key))
        return _kept(rows[0]) if rows else None

    def kept_digests(self, week: str, channel: str | None = None) -> list[KeptDigest]:
        """Return what the digests of `week` were made of, of all channels or of one."""
        query = sa.select(digests).where(digests.c.week == week).order_by(digests.c.message_key)
        if channel is not None:
            query = query.where(digests.c.channel == channel)
        return [_kept(row) for row in self._store.rows(query)]

    def is_out(self, key: str) -> bool:
        """Tell whether the message `key` and every part of its thread is out."""
        thread = messages.c.message_key.startswith(f"{key}/", autoescape=True)
        parts = sa.or_(thread, messages.c.message_key == key)
        rows = self._store.rows(sa.select(messages.c.message_key, messages.c.sent_at).where(parts))
        told = {row["message_key"]: row["sent_at"] for row in rows if "/withheld/" not in row["message_key"]}
        return key in told and all(told.values())

    def causes_told(self, key: str) -> frozenset[str]:
        """Return the causes that notices in the place of the digest `key` told."""
        prefix = f"{key}/withheld/"
        found = sa.and_(messages.c.message_key.startswith(prefix, autoescape=True), messages.c.sent_at.is_not(None))
        rows = self._store.rows(sa.select(messages.c.message_key).where(found))
        return frozenset(cause for row in rows for cause in row["message_key"].removeprefix(prefix).split("-"))


def _kept(row: dict[str, str]) -> KeptDigest:
    try:
        digest = decode(row["inputs"])
    except ValueError as error:
        raise DigestNotKept(
            f"what {row['message_key']} was made of cannot be read: {error}. The version of mlspend that sent it can"
        ) from error
    return KeptDigest(row["message_key"], digest, row["content_hash"])
