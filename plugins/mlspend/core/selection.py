"""Which delivery of a billing period counts: the newest one landed, in whatever order they came and however often."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mlspend.core.deliveries import Delivery

Key = tuple[str, str, str]


@dataclass(frozen=True)
class DeliveryRecord:
    """What is known of one delivery: when it was made, and what has happened to it here, in UTC.

    `content_version` is the version of the earlier delivery whose lines it repeats, None where they are its own.
    `failure` says why the last attempt to land it failed, `shadow_of` names the source that counts in its place.
    `lines_removed_at` is set where it was landed and its landed lines are gone (core/retention.py).
    """

    source: str
    period: str
    version: str
    delivered_at: datetime
    landed_at: datetime | None = None
    rejected_at: datetime | None = None
    built_at: datetime | None = None
    content_version: str | None = None
    failure: str | None = None
    shadow_of: str | None = None
    lines_removed_at: datetime | None = None

    @property
    def key(self) -> Key:
        """Return what identifies the delivery: source, billing period and version."""
        return (self.source, self.period, self.version)

    @property
    def content(self) -> Key:
        """Return what identifies its lines: source, billing period and the version that first held them."""
        return (self.source, self.period, self.content_version or self.version)


@dataclass(frozen=True)
class Standing:
    """The status of a delivery, and the reason where it is not what readers see."""

    status: str
    reason: str = ""


def merge_records(records: Iterable[DeliveryRecord]) -> dict[Key, DeliveryRecord]:
    """Return one record per delivery: made at the latest time reported, landed and built at the first.

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
            built_at=min(filter(None, (known.built_at, record.built_at)), default=None),
            content_version=max(filter(None, (known.content_version, record.content_version)), default=None),
            failure=max(filter(None, (known.failure, record.failure)), default=None),
            shadow_of=max(filter(None, (known.shadow_of, record.shadow_of)), default=None),
            lines_removed_at=max(filter(None, (known.lines_removed_at, record.lines_removed_at)), default=None),
        )
    return merged


def select_current(
    records: Iterable[DeliveryRecord], held: Collection[Key] = ()
) -> dict[tuple[str, str], DeliveryRecord]:
    """Return the delivery that counts per (source, billing period): the newest of those landed; ties by version.

    One whose landed lines were removed counts where its content is `held`, that is published as sums; elsewhere it must
    be landed again.
    """
    current: dict[tuple[str, str], DeliveryRecord] = {}
    for record in merge_records(records).values():
        if record.landed_at is None or (record.lines_removed_at is not None and record.content not in held):
            continue
        known = current.setdefault((record.source, record.period), record)
        current[record.source, record.period] = max(known, record, key=_age)
    return current


def describe_standings(
    records: Iterable[DeliveryRecord],
    published: Collection[Key] = frozenset(),
    held: Mapping[Key, str] | None = None,
) -> dict[Key, Standing]:
    """Return where every delivery stands; `published` are the contents (source, period, version) readers see.

    `held` are contents that the gates hold back, and why.

    `published`, `built`, `landed`: it counts, and this is how far it has come. `held`: it counts, but the gates hold it
    back, and what was published before it stays. `superseded`: it counted until a newer one came. `ignored`: it came
    late, when a newer one had been landed, or a preferred export counts in its place. `rejected`: it could not be
    landed. `seen`: it waits to be landed.
    """
    merged = merge_records(records)
    current = select_current(merged.values(), published)
    return {
        key: _standing(record, current.get((record.source, record.period)), published, held or {})
        for key, record in merged.items()
    }


def select_to_land(
    deliveries: Iterable[Delivery], records: Iterable[DeliveryRecord], held: Collection[Key] = ()
) -> list[Delivery]:
    """Return what must be landed of the `deliveries` found, oldest period first: per source and period the newest.

    What is landed already is left out, and so is what is older than the landed one. What was landed once and lost its
    lines since is landed again, unless its content is `held`: published as the sums that are kept of it.
    """
    current = select_current(records, held)
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


def _standing(
    record: DeliveryRecord, current: DeliveryRecord | None, published: Collection[Key], held: Mapping[Key, str]
) -> Standing:
    if current is not None and record.version == current.version:
        if record.content in held and not record.shadow_of:
            return Standing("held", held[record.content])
        return _progress(record, published)
    if current is not None and current.content in held and record.landed_at and record.content in published:
        return Standing("published", f"{_named(current)} is held back")
    is_older = current is not None and _age(record) < _age(current)
    if record.landed_at is None:
        if record.rejected_at is not None:
            return Standing("rejected", record.failure or "")
        if current is not None and is_older:
            return Standing("ignored", f"older than {_named(current)}, which is landed")
        return Standing("seen", f"to be tried again: {record.failure}" if record.failure else "waits to be landed")
    if record.lines_removed_at is not None and not is_older:
        return Standing("seen", "waits to be landed again")
    if current is not None and current.landed_at is not None and record.landed_at > current.landed_at:
        return Standing("ignored", f"came after {_named(current)}, which is newer")
    return Standing("superseded", f"replaced by {_named(current)}" if current else "")


def _progress(record: DeliveryRecord, published: Collection[Key]) -> Standing:
    if record.shadow_of:
        return Standing("ignored", f"source {record.shadow_of!r} holds the same accounts and is preferred")
    if record.content in published:
        return Standing("published", f"the same lines as {record.content_version}" if record.content_version else "")
    if record.built_at is not None:
        return Standing("built", "waits to be proved and published")
    return Standing("landed", "waits for the next build")


def _named(record: DeliveryRecord) -> str:
    return f"{record.version} of {record.delivered_at:%Y-%m-%d %H:%M:%S}"
