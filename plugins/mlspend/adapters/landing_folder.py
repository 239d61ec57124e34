"""Landed deliveries on disk: written beside, made durable, then moved into place in one step."""

import fcntl
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mlspend.adapters.steps import reached
from mlspend.core.deliveries import Delivery, Receipt
from mlspend.core.selection import Key
from mlspend.core.steps import Step

_INCOMING = ".incoming"
_RECEIPT = "receipt.json"


def delivery_folder(landing: Path, delivery: Delivery) -> Path:
    """Return the folder of a delivery: <source>/<period>/<version>."""
    return folder_of(landing, delivery.key)


def folder_of(landing: Path, key: Key) -> Path:
    """Return the folder of the delivery that source, billing period and version identify."""
    return landing.joinpath(*(safe_name(part) for part in key))


def receipt_file(landing: Path, key: Key) -> Path:
    """Return where the receipt of the delivery `key` lies (source, billing period, version)."""
    return folder_of(landing, key) / _RECEIPT


def read_receipt(landing: Path, delivery: Delivery) -> Receipt | None:
    """Return the receipt of a delivery that is landed, None when it is not."""
    path = delivery_folder(landing, delivery) / _RECEIPT
    return Receipt.from_json(path.read_text(encoding="utf-8")) if path.exists() else None


def landed_receipts(landing: Path) -> list[tuple[Receipt, datetime]]:
    """Return the receipt of every delivery landed below `landing` and when it was written (UTC), oldest first."""
    landed = (path for path in landing.glob(f"*/*/*/{_RECEIPT}") if _INCOMING not in path.parts)
    paths = sorted(landed, key=lambda path: path.stat().st_mtime)
    return [
        (Receipt.from_json(path.read_text(encoding="utf-8")), datetime.fromtimestamp(path.stat().st_mtime, UTC))
        for path in paths
    ]


def has_lines(landing: Path, receipt: Receipt) -> bool:
    """Tell whether the landed lines of a receipt are there: they may have been removed, and the receipt kept."""
    return all((landing / file).exists() for file in receipt.landed_files)


@contextmanager
def working_folder(landing: Path) -> Iterator[Path]:
    """Give a private folder below `landing` and remove it at the end, with what crashed runs have left.

    A run holds a lock on its folder as long as it lives, so the folder of a living run is never taken for a leftover.
    """
    remove_leftovers(landing)
    incoming = landing / _INCOMING
    folder = incoming / uuid.uuid4().hex
    with _locked(incoming / "lock"):
        folder.mkdir()
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def remove_leftovers(landing: Path) -> None:
    """Remove the working folders of runs that have crashed; those of living runs stay."""
    incoming = landing / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    with _locked(incoming / "lock"):
        for folder in incoming.iterdir():
            if folder.is_dir():
                _remove_unless_held(folder)


def commit(landing: Path, landed: Path, receipt: Receipt) -> Receipt:
    """Move the folder `landed` into place with its receipt; return the receipt that stands there afterwards.

    Where another run was faster, its receipt is returned and nothing changes. A receipt whose lines were removed is
    replaced.
    """
    (landed / _RECEIPT).write_text(receipt.to_json(), encoding="utf-8")
    for path in [*landed.iterdir(), landed]:
        _sync(path)
    reached(Step.RECEIPT_WRITTEN)
    target = delivery_folder(landing, receipt.delivery)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        landed.rename(target)
    except OSError:
        existing = read_receipt(landing, receipt.delivery)
        if existing is None:
            raise
        if has_lines(landing, existing):
            return existing
        remove(landing, target)
        landed.rename(target)
    _sync(target.parent)
    reached(Step.DELIVERY_IN_PLACE)
    return receipt


def remove(landing: Path, folder: Path) -> None:
    """Remove a landed delivery: in one step out of its place, so that it is there whole or not at all.

    What a crash leaves is removed by the next landing.
    """
    aside = landing / _INCOMING / uuid.uuid4().hex
    aside.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def remove_lines(folder: Path) -> None:
    """Remove the lines of a landed delivery and leave its receipt."""
    for path in folder.glob("*.parquet"):
        path.unlink()


@contextmanager
def settled(landing: Path) -> Iterator[None]:
    """Hold the lock that keeps landed deliveries from being removed between being found and being recorded."""
    landing.mkdir(parents=True, exist_ok=True)
    with _locked(landing / ".settled.lock"):
        yield


def safe_name(text: str) -> str:
    """Return `text` as one file name; what had to be changed keeps apart by a hash.

    >>> safe_name("2024-04-02T13-6b62"), safe_name("a/b")
    ('2024-04-02T13-6b62', 'a_b-c14cddc033f64b9d')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", text)[:100].lstrip(".")
    return safe if safe == text and text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _remove_unless_held(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # its run has just removed it
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
