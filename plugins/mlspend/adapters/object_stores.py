"""Where exports lie: a local folder or an S3 bucket, behind the same few verbs; and the fetching of a delivery."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlspend.adapters.s3_store import S3Store, connect_s3
from mlspend.adapters.stored_objects import MISSING, Store, StoredObject, is_hidden
from mlspend.core.deliveries import Delivery, ExportFile
from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    ExportUnreadable,
    MlspendError,
    StoreAccessDenied,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["LocalStore", "Store", "StoredObject", "connect_s3", "fetch_all", "open_store"]

_DOWNLOADS_AT_ONCE = 4


def open_store(location: str, s3: "S3Client | None" = None) -> Store:
    """Return the store of a location: `s3://bucket/prefix`, else a local path."""
    return S3Store(location, s3 or connect_s3()) if location.startswith("s3://") else LocalStore(location)


def fetch_all(store: Store, delivery: Delivery, folder: Path) -> list[Path]:
    """Fetch the delivery's files, a few at once, each streamed to disk; return their paths in the same order.

    Raises ExportNotDelivered for one that is missing; the first error ends the rest. Errors name the delivery.
    """
    for file in delivery.files:
        if file.size == MISSING:
            raise ExportNotDelivered(
                f"{delivery}: {file.uri} is named by manifest {delivery.manifest_uri} but is not there: "
                "wait for the export to be complete, or deliver it again"
            )
        if file.size == 0:
            raise ExportUnreadable(f"{delivery}: {file.uri} is empty: deliver the export again")
    with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
        futures = [pool.submit(store.fetch, file, folder) for file in delivery.files]
        try:
            return [future.result() for future in futures]
        except MlspendError as error:
            raise type(error)(f"{delivery}: {error}") from error
        finally:
            for future in futures:
                future.cancel()


class LocalStore:
    """A folder, or one file. Files are read where they are."""

    def __init__(self, location: str) -> None:
        self.root = Path(location).expanduser().absolute()

    def list_objects(self) -> list[StoredObject]:
        """Return the files below the folder, without hidden ones."""
        if not self.root.exists():
            raise ExportNotDelivered(f"there is nothing at {self.root}: correct the location or deliver the export")
        base = self.root.parent if self.root.is_file() else self.root
        paths = [self.root] if self.root.is_file() else sorted(self.root.rglob("*"))
        objects = []
        for path in paths:
            relative = path.relative_to(base)
            if path.is_file() and not is_hidden(relative.as_posix()):
                status = path.stat()
                objects.append(
                    StoredObject(
                        relative.as_posix(),
                        ExportFile(str(path), status.st_size),
                        datetime.fromtimestamp(status.st_mtime, UTC),
                    )
                )
        return objects

    def read(self, file: ExportFile) -> bytes:
        """Return the content of the file."""
        with _local_errors(file):
            return Path(file.uri).read_bytes()

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Return the file's own path, or a link below `folder` where DuckDB would take the path for a pattern."""
        path = Path(file.uri)
        with _local_errors(file):
            size = path.stat().st_size
            if size != file.size:
                raise ExportReplaced(
                    f"{file.uri} had {file.size} bytes when it was listed and has {size} now: try again"
                )
            if not any(character in file.uri for character in "*?["):
                return path
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{hashlib.sha256(file.uri.encode()).hexdigest()[:16]}.raw"
            link.symlink_to(path)
            return link

    def fingerprint(self, file: ExportFile) -> str:
        """Return the sha256 of the content."""
        with _local_errors(file), Path(file.uri).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _local_errors(file: ExportFile) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ExportNotDelivered(f"{file.uri} was listed but is gone now: try again") from error
    except PermissionError as error:
        raise StoreAccessDenied(f"{file.uri} may not be read by this user: change its permissions") from error
