"""What has happened: deliveries with their receipts, publications, messages. One short transaction per fact.

A transaction writes rows of one table in the order of their keys: in PostgreSQL two that met in another order would
each wait for the other.
"""

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import sqlalchemy as sa

from mlspend.adapters.home import Home
from mlspend.adapters.landing_folder import landed_receipts
from mlspend.adapters.ledger_alerts import LedgerAlerts
from mlspend.adapters.ledger_closings import LedgerClosings
from mlspend.adapters.ledger_digests import LedgerDigests
from mlspend.adapters.ledger_gates import LedgerGates
from mlspend.adapters.ledger_messages import LedgerMessages
from mlspend.adapters.ledger_money import LedgerMoney
from mlspend.adapters.state_store import StateStore
from mlspend.adapters.state_tables import (
    billing_currencies,
    dead_letters,
    deliveries,
    publications,
    watched_sources,
)
from mlspend.core.deliveries import Delivery, Partition, Publication, Receipt
from mlspend.core.selection import DeliveryRecord, Key, describe_standings, select_current, select_to_land
from mlspend.core.shadows import Shadow

logger = logging.getLogger(__name__)

_KEY = (deliveries.c.source, deliveries.c.billing_period, deliveries.c.version)


class Ledger(LedgerMoney, LedgerClosings, LedgerGates, LedgerAlerts, LedgerDigests, LedgerMessages):
    """The state store in the words of the pipeline. All times are aware UTC datetimes; `now` comes from the caller."""

    def __init__(self, url: str) -> None:
        self._store = StateStore(url)

    @classmethod
    def open(cls, home: Home) -> Self:
        """Return the ledger of `home`, its tables brought to this version.

        An empty one beside landed deliveries was lost, and is filled again from their receipts: else the next build
        would take every period that its origin no longer has for vanished.
        """
        ledger = cls(home.state_url)
        ledger.migrate()
        if ledger.is_empty():
            ledger.fill_again(landed_receipts(home.landing))
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the state store."""
        self._store.close()

    def migrate(self) -> None:
        """Create or upgrade the tables; safe at any time and from several processes at once."""
        self._store.migrate()

    def is_empty(self) -> bool:
        """Tell whether no delivery was ever recorded."""
        return not self._store.rows(sa.select(deliveries.c.source).limit(1))

    def fill_again(self, landed: Iterable[tuple[Receipt, datetime]]) -> None:
        """Record these receipts and when each was landed, all or none; nothing where another process was faster."""
        with self._store.transaction_alone() as connection:
            if connection.execute(sa.select(deliveries.c.source).limit(1)).first():
                return
            for receipt, landed_at in landed:
                logger.warning("the state store was empty: %s is recorded again", receipt.delivery)
                self._write_landed(connection, receipt, landed_at)

    # Deliveries

    def record_seen(self, delivery: Delivery, now: datetime) -> None:
        """Record that `delivery` lies at its origin; seen again, only the time it was made may move forward."""
        with self._store.transaction() as connection:
            self._write_delivery(connection, delivery, now, {})

    def record_landed(self, receipt: Receipt, now: datetime) -> None:
        """Record that a delivery was landed whole, and the currency of each of its billing accounts."""
        with self._store.transaction() as connection:
            self._write_landed(connection, receipt, now)

    def record_rejected(self, delivery: Delivery, reason: str, now: datetime, *, is_final: bool = True) -> None:
        """Record why `delivery` could not be landed; what was landed before still counts.

        Where the reason may pass by itself (`is_final` false) it is not rejected, but waits to be tried again.
        """
        facts: dict[str, Any] = {"rejection_reason": reason, "rejected_at": now if is_final else None}
        with self._store.transaction() as connection:
            self._write_delivery(connection, delivery, now, facts)

    def record_built(self, partitions: Iterable[Partition], now: datetime) -> None:
        """Record that a build holds these partitions; a delivery is built once."""
        with self._store.transaction() as connection:
            _mark(connection, partitions, "built_at", now)

    def record_shadows(self, shadows: Iterable[Shadow]) -> None:
        """Record which deliveries are the shadow of which preferred source, in place of what was recorded before."""
        named = {shadow.receipt.delivery.key: shadow.preferred.delivery.source for shadow in shadows}
        query = sa.select(*_KEY, deliveries.c.shadow_of).where(deliveries.c.shadow_of.is_not(None))
        known = {
            (row["source"], row["billing_period"], row["version"]): row["shadow_of"] for row in self._store.rows(query)
        }
        if known == named:
            return
        with self._store.transaction() as connection:
            for key in sorted({*known, *named}):
                is_it = [column == value for column, value in zip(_KEY, key, strict=True)]
                connection.execute(sa.update(deliveries).where(*is_it).values(shadow_of=named.get(key)))

    def is_landed(self, delivery: Delivery) -> bool:
        """Tell whether this version of the billing period has been landed."""
        query = sa.select(deliveries.c.version).where(*_is(delivery), deliveries.c.landed_at.is_not(None))
        return bool(self._store.rows(query))

    def record_lines_removed(self, keys: Iterable[Key], now: datetime) -> None:
        """Record, before it is done, that the landed lines of these deliveries are removed; their receipts stay."""
        with self._store.transaction() as connection:
            for key in keys:
                is_it = [column == value for column, value in zip(_KEY, key, strict=True)]
                connection.execute(sa.update(deliveries).where(*is_it).values(lines_removed_at=now))

    def select_to_land(
        self, found: Iterable[Delivery], now: datetime, *, held: Collection[Key] | None = None
    ) -> list[Delivery]:
        """Record all deliveries `found` as seen and return those that must be landed, oldest period first.

        `held` are the contents that need no landed lines, being published; by default those of the last publication.
        """
        found = list(found)
        for delivery in found:
            self.record_seen(delivery, now)
        return select_to_land(found, self.delivery_records(), self._published() if held is None else held)

    def receipt(self, delivery: Delivery) -> Receipt | None:
        """Return the receipt of this version of the billing period, None where it was never landed."""
        found = self._store.rows(sa.select(deliveries.c.receipt).where(*_is(delivery)))
        return Receipt.from_json(found[0]["receipt"]) if found and found[0]["receipt"] else None

    def current_receipts(self) -> list[Receipt]:
        """Return the receipt of the delivery that counts per source and billing period, in that order."""
        chosen = select_current(self.delivery_records(), self._published())
        rows = self._store.rows(sa.select(deliveries).where(deliveries.c.receipt.is_not(None)))
        receipts = {(row["source"], row["billing_period"], row["version"]): row["receipt"] for row in rows}
        return [_receipt(receipts[record.key], record) for _, record in sorted(chosen.items())]

    def shadows(self) -> list[Shadow]:
        """Return the deliveries recorded as shadows, each with the one that counts in its place."""
        current = {(one.delivery.source, one.delivery.period): one for one in self.current_receipts()}
        query = sa.select(*_KEY, deliveries.c.shadow_of).where(deliveries.c.shadow_of.is_not(None))
        shadows = []
        for row in self._store.rows(query):
            receipt = current.get((row["source"], row["billing_period"]))
            preferred = current.get((row["shadow_of"], row["billing_period"]))
            if receipt and preferred and receipt.delivery.version == row["version"]:
                shadows.append(Shadow(receipt, preferred))
        return shadows

    def currencies(self, source: str) -> dict[str, str]:
        """Return the currency recorded for each billing account id of `source`."""
        rows = self._store.rows(sa.select(billing_currencies).where(billing_currencies.c.source == source))
        return {row["billing_account_id"]: row["billing_currency"] for row in rows}

    def deliveries(self) -> list[dict[str, Any]]:
        """Return every delivery and where it stands (core/selection.py), by source, billing period and age.

        Keys: status, reason (empty where readers see it), and the columns of the table but for the receipt:
        `billed_costs` is billed cost per currency, `rejection_reason` why the last attempt to land it failed.
        """
        columns = [column for column in deliveries.c if column.name != "receipt"]
        rows = self._store.rows(sa.select(*columns).order_by(*columns[:2], deliveries.c.delivered_at, columns[2]))
        standings = describe_standings((_record(row) for row in rows), self._published(), self._held())
        described = []
        for row in rows:
            standing = standings[row["source"], row["billing_period"], row["version"]]
            costs = {name: Decimal(cost) for name, cost in json.loads(row["billed_costs"] or "{}").items()}
            described.append({**row, "billed_costs": costs, "status": standing.status, "reason": standing.reason})
        return described

    def delivery_records(self) -> list[DeliveryRecord]:
        """Return what selection and retention are decided by: one record per delivery seen."""
        columns = [column for column in deliveries.c if column.name != "receipt"]
        return [_record(row) for row in self._store.rows(sa.select(*columns))]

    # Sources

    def watch(self, sources: Iterable[str], now: datetime) -> dict[str, dict[str, Any]]:
        """Return per source since when it is watched, `now` where it was not, and when it was last looked at.

        Keys: source, watched_since, looked_at (None: everything that lies there was never listed).
        """
        names = list(sources)
        query = sa.select(watched_sources).where(watched_sources.c.source.in_(names))
        known = {row["source"]: row for row in self._store.rows(query)}
        if new := [name for name in names if name not in known]:
            with self._store.transaction() as connection:
                for name in new:
                    row = self._store.upsert(watched_sources).values(source=name, watched_since=now)
                    connection.execute(row.on_conflict_do_nothing())
            known = {row["source"]: row for row in self._store.rows(query)}
        return known

    def record_look(self, source: str, now: datetime) -> None:
        """Record that at `now` every delivery that lies at `source` was in the ledger."""
        row = self._store.upsert(watched_sources).values(source=source, watched_since=now, looked_at=now)
        with self._store.transaction() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["source"], set_={"looked_at": now}))

    # Dead letters

    def record_dead_letter(self, source: str, message_id: str, body: str, reason: str, now: datetime) -> None:
        """Keep a message of the source's queue that announces nothing that can be taken; received again, once."""
        letter = {
            "source": source,
            "message_id": message_id,
            "received_at": now,
            "reason": _storable(reason),
            "body": _storable(body),
        }
        with self._store.transaction() as connection:
            connection.execute(self._store.upsert(dead_letters).values(**letter).on_conflict_do_nothing())

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return every dead letter, oldest first: sequence, source, message_id, received_at, reason, body."""
        return self._store.rows(sa.select(dead_letters).order_by(dead_letters.c.sequence))

    # Publications

    def record_publication(self, publication: Publication) -> None:
        """Record what readers can open now; the same build again changes nothing but its time."""
        row = {
            "schema_version": publication.schema_version,
            "configuration_hash": publication.configuration_hash,
            "published_at": publication.published_at,
            "partitions": json.dumps([asdict(partition) for partition in publication.partitions]),
            "lake_builds": json.dumps(publication.lake_builds),
            "tables_hash": publication.tables_hash,
        }
        insert = self._store.upsert(publications).values(build_id=publication.build_id, **row)
        with self._store.transaction() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["build_id"], set_=row))
            _mark(connection, publication.partitions, "published_at", publication.published_at)

    def last_publication(self) -> Publication | None:
        """Return the publication recorded last, None before the first."""
        found = self.publications(limit=1)
        return found[0] if found else None

    def publications(self, limit: int = 100) -> list[Publication]:
        """Return the newest publications, newest first."""
        newest = sa.select(publications).order_by(publications.c.sequence.desc()).limit(limit)
        return [
            Publication(
                build_id=row["build_id"],
                schema_version=row["schema_version"],
                configuration_hash=row["configuration_hash"],
                published_at=row["published_at"],
                partitions=tuple(Partition(**partition) for partition in json.loads(row["partitions"])),
                lake_builds=tuple(json.loads(row["lake_builds"])),
                tables_hash=row["tables_hash"] or "",
            )
            for row in self._store.rows(newest)
        ]

    def _write_landed(self, connection: sa.Connection, receipt: Receipt, now: datetime) -> None:
        landed = {
            "landed_at": now,
            "row_count": receipt.row_count,
            "receipt": receipt.to_json(),
            "content_version": receipt.same_as or None,
            "billed_costs": json.dumps({name: str(cost) for name, cost in receipt.billed_costs.items()}),
            "lines_removed_at": None,
        }
        self._write_delivery(connection, receipt.delivery, now, landed)
        for account, currency in sorted(receipt.currencies.items()):
            row = {"billing_currency": currency, "recorded_at": now}
            keys = {"source": receipt.delivery.source, "billing_account_id": account}
            connection.execute(
                self._store.upsert(billing_currencies)
                .values(**keys, **row)
                .on_conflict_do_update(index_elements=list(keys), set_=row)
            )

    def _write_delivery(
        self, connection: sa.Connection, delivery: Delivery, now: datetime, facts: dict[str, Any]
    ) -> None:
        described = {
            "export_kind": delivery.export_kind,
            "delivered_at": delivery.delivered_at,
            "file_count": len(delivery.files),
            "byte_count": sum(file.size for file in delivery.files),
            "manifest_uri": delivery.manifest_uri,
        }
        insert = self._store.upsert(deliveries).values(
            source=delivery.source,
            billing_period=delivery.period,
            version=delivery.version,
            seen_at=now,
            **described,
            **facts,
        )
        known, given = deliveries.c, insert.excluded
        newest = sa.case((given.delivered_at > known.delivered_at, given.delivered_at), else_=known.delivered_at)
        facts = {name: given[name] for name in facts}
        if "landed_at" in facts:
            # Landed again after its lines were removed, it is as if landed for the first time.
            is_first = sa.or_(known.landed_at.is_(None), known.lines_removed_at.is_not(None))
            facts["landed_at"] = sa.case((is_first, given.landed_at), else_=known.landed_at)
        place = [known.source, known.billing_period, known.version]
        connection.execute(insert.on_conflict_do_update(index_elements=place, set_={"delivered_at": newest, **facts}))

    def _held(self) -> dict[Key, str]:
        """The contents that the gates hold back, and why."""
        return {
            (one.source, one.billing_period, one.version): " ".join(one.reasons)
            for one in self.held_deliveries()
            if one.is_open
        }

    def _published(self) -> set[Key]:
        """The contents that readers see; what is published as sums only counts although its landed lines are gone."""
        last = self.last_publication()
        return {_content(partition) for partition in last.partitions} if last else set()


def _is(delivery: Delivery) -> tuple[sa.ColumnElement[bool], ...]:
    table = deliveries.c
    return (
        table.source == delivery.source,
        table.billing_period == delivery.period,
        table.version == delivery.version,
    )


def _record(row: dict[str, Any]) -> DeliveryRecord:
    return DeliveryRecord(
        source=row["source"],
        period=row["billing_period"],
        version=row["version"],
        delivered_at=row["delivered_at"],
        landed_at=row["landed_at"],
        rejected_at=row["rejected_at"],
        built_at=row["built_at"],
        content_version=row["content_version"],
        failure=row["rejection_reason"],
        shadow_of=row["shadow_of"],
        lines_removed_at=row["lines_removed_at"],
    )


def _content(partition: Partition) -> Key:
    return (partition.x_source, partition.billing_period, partition.version)


def _mark(connection: sa.Connection, partitions: Iterable[Partition], column: str, now: datetime) -> None:
    """Write `now` into `column` of every delivery that holds the lines of a partition, where nothing stands yet."""
    known = deliveries.c
    for partition in sorted(partitions, key=_content):
        holds = sa.func.coalesce(known.content_version, known.version) == partition.version
        connection.execute(
            sa.update(deliveries)
            .where(known.source == partition.x_source, known.billing_period == partition.billing_period, holds)
            .where(known.landed_at.is_not(None), known[column].is_(None))
            .values({column: now})
        )


def _receipt(text: str, record: DeliveryRecord) -> Receipt:
    receipt = Receipt.from_json(text)
    made_at = receipt.delivery.delivered_at
    if made_at.tzinfo and made_at < record.delivered_at:
        return replace(receipt, delivery=replace(receipt.delivery, delivered_at=record.delivered_at))
    return receipt


def _storable(text: str) -> str:
    """Return `text` with what a state store does not take (lone halves of characters, NUL) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", r"\x00")
