"""Manifests of AWS exports: what each says was delivered, and where the named files lie now.

Data Exports (CUR 2.0, FOCUS) name s3:// addresses and the execution; the legacy report names keys and the assembly.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlspend.adapters.s3_store import split_s3
from mlspend.adapters.stored_objects import MISSING, StoredObject
from mlspend.core.deliveries import ExportFile
from mlspend.core.errors import ExportUnreadable
from mlspend.core.notifications import is_manifest_key

_PARTITION = re.compile(r"(?:^|/)billing_period=(\d{4}-\d{2})(?:-\d{2})?(?:/|$)", re.IGNORECASE)
_LEGACY_PERIOD = re.compile(r"(?:^|/)(\d{4})(\d{2})\d{2}-\d{8}/")
_EXECUTION = re.compile(r"(?:^|/)(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)-([^/]+)/")


@dataclass(frozen=True)
class Manifest:
    """One manifest: `keys` are paths in the bucket it was written for; `period` None where it does not say.

    `export` tells the exports of one location apart: the report's name, or the folder the export lies in.
    """

    source: StoredObject
    export: str
    version: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    period: str | None
    is_legacy: bool

    @property
    def stands_in_period_folder(self) -> bool:
        """Whether this is the legacy report's own choice of the newest assembly, not an assembly's copy of it."""
        return self.is_legacy and self.version not in self.source.path.split("/")


def is_manifest(stored: StoredObject) -> bool:
    """Return whether the name is that of a manifest."""
    return is_manifest_key(stored.path)


def parse_manifest(stored: StoredObject, content: bytes, source: str) -> Manifest:
    """Return what a manifest says. Raises ExportUnreadable when it is no manifest of a kind that is known."""
    where = f"source {source!r}: manifest {stored.file.uri}"
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise ExportUnreadable(f"{where} is no JSON ({error}): deliver the export again") from error
    try:
        if "assemblyId" in raw:
            return _legacy(stored, raw)
        if "dataFiles" in raw:
            return _data_export(stored, raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportUnreadable(f"{where} lacks or misspells {error}: deliver the export again") from error
    raise ExportUnreadable(f"{where} is none of AWS Data Exports or of the legacy report: point at the export itself")


def partition_of(path: str) -> str | None:
    """Return the billing period named by a `BILLING_PERIOD=` folder in either case.

    >>> partition_of("data/billing_period=2026-05/x.parquet")
    '2026-05'
    """
    found = _PARTITION.search(path)
    return found[1] if found else None


def period_in(path: str) -> str | None:
    """Return the billing period that a manifest's folders name, in the layout of Data Exports or of the legacy report.

    >>> period_in("metadata/BILLING_PERIOD=2026-05/x-Manifest.json"), period_in("cur/20260501-20260601/x-Manifest.json")
    ('2026-05', '2026-05')
    """
    days = _LEGACY_PERIOD.search(path)
    return partition_of(path) or (f"{days[1]}-{days[2]}" if days else None)


def execution_of(path: str) -> tuple[datetime, str] | None:
    """Return time and id of the execution folder that create-new exports write.

    >>> execution_of("data/BILLING_PERIOD=2024-03/2024-04-02T13:14:43.337Z-6b62/x.parquet")[1]
    '6b62'
    """
    found = _EXECUTION.search(path)
    return (datetime.fromisoformat(found[1]), found[2]) if found else None


def resolve_keys(
    manifest: Manifest, keys: Sequence[str], objects: Mapping[str, StoredObject]
) -> list[StoredObject | None]:
    """Return the listed object of each key, None for one that is not there.

    Exports are copied to disk and to other buckets and prefixes, so a key is found by its end: the longest end of it
    that exists below a folder above the manifest. At least folder and name must agree.
    """
    folders = manifest.source.path.split("/")[:-1]
    above = ["/".join([*folders[:depth], ""]) for depth in range(len(folders), -1, -1)]
    return [_resolve(key.strip("/").split("/"), above, objects) for key in keys]


def missing_file(key: str) -> ExportFile:
    """Return the entry of a file that a manifest names and the store does not have."""
    return ExportFile(key, MISSING)


def _resolve(parts: list[str], above: list[str], objects: Mapping[str, StoredObject]) -> StoredObject | None:
    for start in range(max(len(parts) - 1, 1)):
        end = "/".join(parts[start:])
        for folder in above:
            if folder + end in objects:
                return objects[folder + end]
    return None


def _legacy(stored: StoredObject, raw: Mapping[str, object]) -> Manifest:
    period = raw["billingPeriod"]
    if not isinstance(period, dict):
        raise TypeError("billingPeriod")
    start = datetime.strptime(str(period["start"])[:8], "%Y%m%d")  # noqa: DTZ007 - a calendar day, not an instant
    return Manifest(
        source=stored,
        export=str(raw.get("reportName", "")),
        version=_id(raw, "assemblyId"),
        keys=_texts(raw, "reportKeys"),
        columns=tuple(f"{column['category']}/{column['name']}" for column in _columns(raw)),
        period=f"{start:%Y-%m}",
        is_legacy=True,
    )


def _data_export(stored: StoredObject, raw: Mapping[str, object]) -> Manifest:
    return Manifest(
        source=stored,
        export=re.split(r"(?:^|/)metadata/", stored.path)[0],
        version=_id(raw, "executionId"),
        keys=tuple(split_s3(uri)[1] if uri.startswith("s3://") else uri for uri in _texts(raw, "dataFiles")),
        columns=tuple(str(column["name"]) for column in _columns(raw)),
        period=partition_of(stored.path),
        is_legacy=False,
    )


def _id(raw: Mapping[str, object], key: str) -> str:
    text = str(raw[key] or "").strip()
    if not text:
        raise ValueError(key)
    return text


def _texts(raw: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = raw[key]
    if not isinstance(values, list):
        raise TypeError(key)
    return tuple(str(value) for value in values)


def _columns(raw: Mapping[str, object]) -> list[dict[str, str]]:
    columns = raw.get("columns") or []
    if not isinstance(columns, list):
        raise TypeError("columns")
    return columns
