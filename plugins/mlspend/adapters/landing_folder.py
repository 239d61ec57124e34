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

from mlspend.core.deliveries import Delivery, Receipt

_INCOMING = ".incoming"
_RECEIPT = "receipt.json"


def delivery_folder(landing: Path, delivery: Delivery) -> Path:
    """Return the folder of a delivery: <source>/<period>/<version>."""
    return landing / safe_name(delivery.source) / safe_name(delivery.period) / safe_name(delivery.version)


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


@contextmanager
def working_folder(landing: Path) -> Iterator[Path]:
    """Give a private folder below `landing` and remove it at the end, with what crashed runs have left.

    A run holds a lock on its folder as long as it lives, so the folder of a living run is never taken for a leftover.
    """
    incoming = landing / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    folder = incoming / uuid.uuid4().hex
    with _locked(incoming / "lock"):
        _remove_leftovers(incoming)
        folder.mkdir()
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def commit(landing: Path, landed: Path, receipt: Receipt) -> Receipt:
    """Move the folder `landed` into place with its receipt; return the receipt that stands there afterwards.

    Where another run was faster, its receipt is returned and nothing changes.
    """
    (landed / _RECEIPT).write_text(receipt.to_json(), encoding="utf-8")
    for path in [*landed.iterdir(), landed]:
        _sync(path)
    target = delivery_folder(landing, receipt.delivery)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        landed.rename(target)
    except OSError:
        existing = read_receipt(landing, receipt.delivery)
        if existing is None:
            raise
        return existing
    _sync(target.parent)
    return receipt


def safe_name(text: str) -> str:
    """Return `text` as one file name; what had to be changed keeps apart by a hash.

    >>> safe_name("2024-04-02T13-6b62"), safe_name("a/b")
    ('2024-04-02T13-6b62', 'a_b-c14cddc033f64b9d')
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", text)[:100].lstrip(".")
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _remove_leftovers(incoming: Path) -> None:
    for folder in incoming.iterdir():
        if not folder.is_dir():
            continue
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
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
