"""What lies at a location: the deliveries of one export, found by its manifests, else by the content of its files."""

import hashlib
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mlspend.adapters.manifests import (
    Manifest,
    execution_of,
    is_manifest,
    missing_file,
    parse_manifest,
    partition_of,
    period_in,
    resolve_keys,
)
from mlspend.adapters.object_stores import open_store
from mlspend.adapters.peek import Peek
from mlspend.adapters.stored_objects import StoredObject
from mlspend.core.deliveries import Delivery
from mlspend.core.errors import (
    ExportContractBroken,
    ExportUnreadable,
    ExportUnrecognised,
    MlspendError,
    SeveralExports,
)
from mlspend.core.export_kinds import recognise_kind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

# An export of years that keeps every execution has thousands of manifests.
_READS_AT_ONCE = 8
# Athena's side tables and create statements, documentation and the like are no part of an export.
_NOT_DATA = re.compile(
    r"(^|/)(cost_and_usage_data_status|metadata)/|\.(json|md|txt|ya?ml|sql|html?|pdf|png|jpe?g|py|xlsx?)$",
    re.IGNORECASE,
)
UNREADABLE_KIND = "unreadable"
# The folders of one export: Data Exports' metadata/…, the legacy report's 20261001-20261101/….
_OWN_FOLDERS = re.compile(r"(^|/)(metadata/|\d{8}-\d{8}/).*$")
_ASSEMBLY = re.compile(r"(?:^|/)\d{8}-\d{8}/([^/]+)/[^/]+$")


def discover(
    location: str, source: str, *, s3: "S3Client | None" = None, manifests: Collection[str] | None = None
) -> list[Delivery]:
    """Return the deliveries at `location` (folder, file or s3://…), by period, of one period the newest first.

    With manifests only what they name counts, and a superseded execution is a delivery too; the kind of an export may
    change from one to the next. Without, files are opened and their lines tell the periods. `manifests` are addresses:
    then only these are looked at, and nothing is found where none of them is there (any more). Raises
    ExportUnrecognised, ExportUnreadable, ExportContractBroken, ExportNotDelivered and the errors of the store.
    """
    try:
        store = open_store(location, s3)
        objects = store.list_objects()
        written = [stored for stored in objects if is_manifest(stored)]
        if manifests is not None:
            written = _announced(written, manifests)
        with ThreadPoolExecutor(_READS_AT_ONCE) as pool:
            contents = list(pool.map(lambda stored: store.read(stored.file), written))
    except MlspendError as error:
        raise type(error)(f"source {source!r}: {error}") from error
    peek = Peek(store, source)
    if manifests is not None and not written:
        return []
    parsed, found = _parse(written, contents, source)
    found += _from_manifests(parsed, objects, peek) if written else _from_content(objects, location, peek)
    return sorted(sorted(found, key=lambda item: item.delivered_at, reverse=True), key=lambda item: item.period)


def _announced(written: Sequence[StoredObject], manifests: Collection[str]) -> list[StoredObject]:
    """Keep the manifests asked for; all of them where there may be several exports, which only all together show."""
    if len({_OWN_FOLDERS.sub("", stored.path) for stored in written}) > 1:
        return list(written)
    return [stored for stored in written if stored.file.uri in manifests]


def _parse(
    written: Sequence[StoredObject], contents: Sequence[bytes], source: str
) -> tuple[list[Manifest], list[Delivery]]:
    """Return the manifests that can be read, and a faulty delivery for each that cannot but whose period is known.

    So one broken manifest keeps back its own period and no other. Raises ExportUnreadable where no folder tells it.
    """
    manifests, faulty = [], []
    for stored, content in zip(written, contents, strict=True):
        try:
            manifests.append(parse_manifest(stored, content, source))
        except ExportUnreadable as error:
            period = period_in(stored.path)
            if period is None:
                raise
            version = f"unreadable-{hashlib.sha256(content).hexdigest()[:16]}"
            faulty.append(
                Delivery(
                    source=source,
                    export_kind=UNREADABLE_KIND,
                    period=period,
                    version=version,
                    delivered_at=stored.modified_at,
                    files=(),
                    manifest_uri=stored.file.uri,
                    fault=str(error),
                )
            )
    return manifests, faulty


def _refuse_several(source: str, where: str, names: Iterable[str]) -> None:
    raise SeveralExports(
        f"source {source!r}: {where} holds several exports ({', '.join(sorted(names))}): "
        "point at one of them, or their cost is counted twice"
    )


def _from_manifests(manifests: Sequence[Manifest], objects: Sequence[StoredObject], peek: Peek) -> list[Delivery]:
    exports = {manifest.export for manifest in manifests}
    if len(exports) > 1:
        _refuse_several(peek.source, "the location", exports)
    listed = {stored.path: stored for stored in objects}
    deliveries: dict[tuple[str, str], Delivery] = {}
    for manifest in _that_count(manifests):
        by_period: dict[str, list[str]] = defaultdict(list)
        for key in manifest.keys:
            by_period[manifest.period or partition_of(key) or ""].append(key)
        if not manifest.keys and manifest.period:
            by_period[manifest.period] = []
        for period, keys in by_period.items():
            if not period:
                raise ExportUnreadable(
                    f"source {peek.source!r}: manifest {manifest.source.file.uri} does not tell the billing period of "
                    f"{keys[0]}: keep the export's own folders"
                )
            delivery = _delivery(manifest, period, keys, listed, peek)
            known = deliveries.setdefault((period, manifest.version), delivery)
            if set(known.files) != set(delivery.files):
                both = f"manifests {known.manifest_uri} and {delivery.manifest_uri} bear the same id"
                deliveries[period, manifest.version] = replace(
                    known, fault=f"{both} and name different files: remove the one that is wrong"
                )
    return list(deliveries.values())


def _that_count(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Leave out copies in assembly folders where the period's own manifest names the newest assembly."""
    chosen = {manifest.period for manifest in manifests if manifest.stands_in_period_folder}
    return [
        manifest
        for manifest in manifests
        if not manifest.is_legacy or manifest.stands_in_period_folder or manifest.period not in chosen
    ]


def _delivery(
    manifest: Manifest, period: str, keys: Sequence[str], listed: Mapping[str, StoredObject], peek: Peek
) -> Delivery:
    found = resolve_keys(manifest, keys, listed)
    present = [stored for stored in found if stored]
    kind = recognise_kind(manifest.columns) or (peek.kind(present[0]) if present else None)
    if kind is None:
        raise ExportUnrecognised(
            f"source {peek.source!r}, billing period {period}: the columns of {manifest.source.file.uri} and its files "
            "are those of no billing export mlspend knows"
        )
    execution = execution_of(keys[0]) if keys else None
    return Delivery(
        source=peek.source,
        export_kind=kind,
        period=period,
        version=manifest.version,
        delivered_at=execution[0] if execution else manifest.source.modified_at,
        files=tuple(stored.file if stored else missing_file(key) for key, stored in zip(keys, found, strict=True)),
        manifest_uri=manifest.source.file.uri,
        fault=_repeated([stored.path for stored in present]),
    )


def _repeated(names: Sequence[str]) -> str:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    return f"{', '.join(twice)} would be counted twice: name each file once" if twice else ""


def _from_content(objects: Sequence[StoredObject], location: str, peek: Peek) -> list[Delivery]:
    looks = _look_at_all(objects, location, peek)
    _refuse_mixed(looks, location, peek.source)
    deliveries = []
    loose: dict[tuple[str, str], list[StoredObject]] = defaultdict(list)
    versions: dict[tuple[str, str, str], list[StoredObject]] = defaultdict(list)
    for stored, kind, periods in looks:
        execution, assembly = execution_of(stored.path), _ASSEMBLY.search(stored.path)
        version = execution[1] if execution else assembly[1] if assembly else ""
        for period in periods:
            if version:
                versions[kind, period, version].append(stored)
            else:
                loose[kind, period].append(stored)
    for (kind, period, version), members in versions.items():
        execution = execution_of(members[0].path)
        deliveries.append(_of_files(peek, kind, period, version, members, execution[0] if execution else None))
    fingerprints = {stored.path: peek.store.fingerprint(stored.file) for files in loose.values() for stored in files}
    for (kind, period), members in loose.items():
        identity = "\n".join(f"{item.path}\t{item.file.size}\t{fingerprints[item.path]}" for item in members)
        version = hashlib.sha256(identity.encode()).hexdigest()[:32]
        copies = defaultdict(list)
        for item in members:
            copies[fingerprints[item.path]].append(item.path)
        same = [" and ".join(paths) for paths in copies.values() if len(paths) > 1]
        fault = f"{'; '.join(same)} are the same file and would be counted twice: keep one" if same else ""
        deliveries.append(replace(_of_files(peek, kind, period, version, members), fault=fault))
    if not deliveries:
        raise ExportContractBroken(
            f"source {peek.source!r}: the files at {location} have a header and no lines "
            f"({', '.join(stored.file.uri for stored, _, _ in looks)}): deliver the export again"
        )
    return deliveries


def _refuse_mixed(looks: Iterable[tuple[StoredObject, str, frozenset[str]]], location: str, source: str) -> None:
    """Raise SeveralExports for a period in files of two kinds: no manifest says that one came after the other."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for _, kind, periods in looks:
        for period in periods:
            kinds[period].add(kind)
    for period, names in kinds.items():
        if len(names) > 1:
            _refuse_several(source, f"billing period {period} at {location}", names)


def _of_files(
    peek: Peek,
    kind: str,
    period: str,
    version: str,
    members: Sequence[StoredObject],
    delivered_at: datetime | None = None,
) -> Delivery:
    return Delivery(
        source=peek.source,
        export_kind=kind,
        period=period,
        version=version,
        delivered_at=delivered_at or max(stored.modified_at for stored in members),
        files=tuple(stored.file for stored in members),
        selects_period=True,
    )


def _look_at_all(
    objects: Sequence[StoredObject], location: str, peek: Peek
) -> list[tuple[StoredObject, str, frozenset[str]]]:
    known = []
    unknown: dict[str, list[str]] = {}
    for stored in objects:
        if _NOT_DATA.search(stored.path):
            continue
        look = peek.look(stored)
        if look.kind:
            known.append((stored, look.kind, look.periods))
        else:
            unknown[stored.file.uri] = look.names
    if not known:
        first = next(iter(unknown.items()), None)
        seen = f"; {first[0]} starts with the columns {', '.join(first[1][:5])}" if first else ""
        raise ExportUnrecognised(
            f"source {peek.source!r}: none of the {len(objects)} files at {location} is a billing export mlspend knows "
            f"(AWS CUR 2.0, legacy CUR, FOCUS){seen}"
        )
    for uri in unknown:
        logger.warning("source %s: %s is no billing export and is left out", peek.source, uri)
    return known
