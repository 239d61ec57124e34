"""What a store of exports offers, be it a folder or a bucket."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from mlspend.core.deliveries import ExportFile

MISSING = -1
"""Size of a file that a manifest names and the store does not have."""


@dataclass(frozen=True)
class StoredObject:
    """An object in a store: its path below the listed location, and when it was last written (UTC)."""

    path: str
    file: ExportFile
    modified_at: datetime


class Store(Protocol):
    """A place that holds an export."""

    def list_objects(self) -> list[StoredObject]:
        """Return everything below the location, in order of path. Raises ExportNotDelivered when nothing is there."""

    def read(self, file: ExportFile) -> bytes:
        """Return the whole content; for manifests."""

    def fetch(self, file: ExportFile, folder: Path) -> Path:
        """Return a local path holding exactly the content seen at listing; `folder` may be used for a copy."""

    def fingerprint(self, file: ExportFile) -> str:
        """Return a text that changes with the content."""


def is_hidden(path: str) -> bool:
    """Return whether a path below a location is no part of an export: markers and dot files."""
    return path.endswith("_SUCCESS") or any(part.startswith(".") for part in path.split("/"))
