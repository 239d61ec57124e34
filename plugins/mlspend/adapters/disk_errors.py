"""A full disk and one that may not be written to: told apart from what an export, a model or a check does wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlspend.adapters import duckdb_files
from mlspend.core.errors import BuildFailed, ChecksFailed, DiskFull, HomeNotWritable, MlspendError

# The operating system's words, which Python, DuckDB, dbt and Great Expectations hand on; the last one is DuckDB's own
# for spilling to a disk that is full, "database or disk is full" is SQLite's.
_FULL = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "database or disk is full",
    "max_temp_directory_size",
)
_READ_ONLY = ("Read-only file system", "readonly database")
# Also said of files that are only read, which are not below the home.
_FORBIDDEN = ("Permission denied", "Operation not permitted")


@contextmanager
def disk_errors(folder: Path, doing: str) -> Iterator[None]:
    """Raise DiskFull or HomeNotWritable where the disk of `folder` is why `doing` failed; all else passes through.

    The children that run dbt and the expectations tell why they failed in their output, which BuildFailed and
    ChecksFailed quote.
    """
    try:
        yield
    except (OSError, duckdb_files.Error, BuildFailed, ChecksFailed) as error:
        found = explain_disk(str(error), folder, doing)
        if found is None:
            raise
        raise found from error


def explain_disk(words: str, folder: Path, doing: str) -> MlspendError | None:
    """Return the error to raise where `words`, an error's, say that the disk of `folder` is full or not writable."""
    said = next((line for line in words.splitlines() if _says(line, (*_FULL, *_READ_ONLY, *_FORBIDDEN))), "")
    gist = " ".join(said.split())[-300:]
    if _says(words, _FULL):
        return DiskFull(f"{doing}: the disk of {folder} is full ({gist}): free or add space, then run it again")
    if _says(words, _READ_ONLY) or (_says(words, _FORBIDDEN) and str(folder) in words):
        return HomeNotWritable(
            f"{doing}: {folder} cannot be written to ({gist}): mount it for writing, or correct its owner and "
            "permissions, then run it again"
        )
    return None


def is_disk_full(error: Exception) -> bool:
    """Tell whether an error of DuckDB is about space on its disk, not about what it read."""
    return _says(str(error), _FULL)


def _says(words: str, any_of: tuple[str, ...]) -> bool:
    return any(each in words for each in any_of)
