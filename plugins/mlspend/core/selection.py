"""Which delivery of a billing period counts: the newest one landed, in whatever order they came and however often."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mlspend.core.deliveries import Delivery

Key = tuple[str, str, str]


@dataclass(frozen=True)
class DeliveryRecord:
    """What is known of one delivery: when it was made, and when (if ever) it was landed or rejected here, in UTC."""

    source: str
    period: str
    version: str
    delivered_at: datetime
    landed_at: datetime | None = None
    rejected_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Return what identifies the delivery: source, billing period and version."""
        return (self.source, self.period, self.version)


def merge_records(records: Iterable[DeliveryRecord]) -> dict[Key, DeliveryRecord]:
    """Return one record per delivery: made at the latest time reported, landed at the first, rejected at the last.

    The latest time counts because the same content can come back after another was tried, and is then the newest.
    """
    merged: dict[Key, DeliveryRecord] = {}
    for record in records:
        known = merged.get(record.key, record)
        merged[record.key] = replace(
            record,
            delivered_at=max(known.delivered_at, record.delivered_at),
            landed_at=min(filter(None, (known.landed_at, record.landed_at)), default=None),
            rejected_at=max(filter(None, (known.rejected_at, record.rejected_at)), default=None),
        )
    return merged


def select_current(records: Iterable[DeliveryRecord]) -> dict[tuple[str, str], DeliveryRecord]:
    """Return the delivery that counts per (source, billing period): the newest of those landed; ties by version."""
    current: dict[tuple[str, str], DeliveryRecord] = {}
    for record in merge_records(records).values():
        if record.landed_at is None:
            continue
        known = current.setdefault((record.source, record.period), record)
        current[record.source, record.period] = max(known, record, key=_age)
    return current


def describe_statuses(records: Iterable[DeliveryRecord]) -> dict[Key, str]:
    """Return the status of every delivery.

    `landed`: it counts. `superseded`: it counted until a newer one came. `ignored`: it came late, when a newer one had
    been landed. `rejected`: it could not be landed. `seen`: it waits to be landed.
    """
    merged = merge_records(records)
    current = select_current(merged.values())
    return {key: _status(record, current.get((record.source, record.period))) for key, record in merged.items()}


def select_to_land(deliveries: Iterable[Delivery], records: Iterable[DeliveryRecord]) -> list[Delivery]:
    """Return what must be landed of the `deliveries` found, oldest period first: per source and period the newest.

    What is landed already is left out, and so is what is older than the landed one.
    """
    current = select_current(records)
    newest: dict[tuple[str, str], Delivery] = {}
    for delivery in deliveries:
        known = newest.setdefault((delivery.source, delivery.period), delivery)
        newest[delivery.source, delivery.period] = max(known, delivery, key=_age)
    return [
        delivery
        for place, delivery in sorted(newest.items())
        if place not in current or _age(delivery) > _age(current[place])
    ]


def _age(delivery: Delivery | DeliveryRecord) -> tuple[datetime, str]:
    return (delivery.delivered_at, delivery.version)


def _status(record: DeliveryRecord, current: DeliveryRecord | None) -> str:
    if current is not None and record.version == current.version:
        return "landed"
    if record.landed_at is None:
        if record.rejected_at is not None:
            return "rejected"
        return "ignored" if current is not None and _age(record) < _age(current) else "seen"
    late = current is not None and current.landed_at is not None and record.landed_at > current.landed_at
    return "ignored" if late else "superseded"
