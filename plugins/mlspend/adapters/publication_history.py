"""Publications that can be opened again: the one readers see, and in published/history/ those it replaced.

The published file is replaced, never written to; so the file of a replaced publication is kept under a second name, at
no cost. One that leaves the history lies in history/retired/ for a while: whoever has it open still finds its lines.
"""

import logging
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlspend.adapters import duckdb_files, ops_tables
from mlspend.adapters.home import Home
from mlspend.core.deliveries import Partition, Publication
from mlspend.core.errors import NothingPublished, PublicationNotKept, PublishedFileInUse
from mlspend.core.retention import find_known_on

logger = logging.getLogger(__name__)

_LAKE_FOLDER = re.compile(r"/([^/']+/build=[^/']+/x_source=[^/']+/billing_period=[^/']+)/")
_RETIRED = "retired"


@dataclass(frozen=True)
class KeptFile:
    """A warehouse file of a publication, and the lake folders, relative to the lake, that its views name."""

    path: Path
    publication: Publication
    lake_folders: frozenset[str]
    is_current: bool = False


def read_file(warehouse: Path) -> Publication | None:
    """Return the publication that a warehouse file says it is, None where it was never published."""
    with duckdb_files.connect(warehouse, read_only=True) as connection:
        return _publication_in(connection)


def read_published(home: Home) -> Publication | None:
    """Return what is published according to the published file itself, None before the first time."""
    return read_file(home.published_warehouse) if home.published_warehouse.exists() else None


def read_held(warehouse: Path) -> set[tuple[str, str, str]]:
    """Return (source, billing period, version) of what the warehouse file knows to be newer than what it shows."""
    with duckdb_files.connect(warehouse, read_only=True) as connection:
        return ops_tables.read_held(connection)


def keep(home: Home, current: Publication) -> None:
    """Let the published file be found in the history too, before it is replaced; again it changes nothing.

    Where the disk knows no second names it is copied. Raises PublishedFileInUse while somebody writes to it.
    """
    refuse_written(home.published_warehouse)
    target = _file(home, current.build_id)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(home.published_warehouse)
    except OSError as error:
        logger.info("%s is copied, as the disk links no files: %s", target, error)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(home.published_warehouse, partial)
        sync(partial)
        partial.replace(target)
    sync(target.parent)


def list_kept(home: Home) -> list[KeptFile]:
    """Return what can be opened, newest first: the published file, and what it replaced.

    Where a crash came between keeping and replacing, the published one is there once all the same.
    """
    if not home.published_warehouse.exists():
        return []
    current = _read(home.published_warehouse, is_current=True)
    older = [_read(path) for path in home.history.glob("*.duckdb")]
    return [current, *sorted((one for one in older if one.publication != current.publication), key=_age, reverse=True)]


def list_retired(home: Home) -> list[KeptFile]:
    """Return what cannot be opened any more, but may still be open."""
    return [_read(path) for path in sorted((home.history / _RETIRED).glob("*.duckdb"))]


def retire(home: Home, kept: KeptFile, now: datetime) -> None:
    """Take a file out of what can be opened; its own time says since when."""
    target = home.history / _RETIRED / kept.path.name
    target.parent.mkdir(exist_ok=True)
    os.utime(kept.path, (now.timestamp(), now.timestamp()))
    kept.path.replace(target)


def find(home: Home, build_id: str) -> Path:
    """Return the file of the publication `build_id`; PublicationNotKept says which ones can be opened."""
    kept = _list_or_refuse(home)
    for one in kept:
        if one.publication.build_id == build_id:
            return one.path
    raise PublicationNotKept(f"no publication {build_id!r} can be opened in {home.root}; {_range(kept)}")


def find_as_known(home: Home, moment: datetime) -> Path:
    """Return the file that readers saw at `moment` (UTC).

    Raises PublicationNotKept where that was before the first publication, or one that is not kept any more.
    """
    kept = _list_or_refuse(home)
    with duckdb_files.connect(kept[0].path, read_only=True) as connection:
        known = ops_tables.read_times(connection)
    files = {one.publication.build_id: one.path for one in kept}
    known |= {one.publication.build_id: one.publication.published_at for one in kept}
    seen = find_known_on(known, moment)
    if seen is None:
        first = min(known.values())
        raise PublicationNotKept(
            f"nothing was published by {_written(moment)}: the first publication known here is of {_written(first)}"
        )
    if seen not in files:
        raise PublicationNotKept(
            f"what readers saw at {_written(moment)} was publication {seen} of {_written(known[seen])}, which is not"
            f" kept any more; {_range(kept)}. Sums of that time can still be asked:"
            f" select * from marts.spend_as_known_on(timestamp '{moment.replace(tzinfo=None)}')"
        )
    return files[seen]


def refuse_written(file: Path) -> None:
    """Raise PublishedFileInUse while a write-ahead log stands beside `file`: one without the other is not whole."""
    if file.with_name(file.name + ".wal").exists():
        raise PublishedFileInUse(
            f"{file}.wal stands beside {file.name}: somebody has it open for writing. Have it closed (readers open"
            " it read-only), then publish again"
        )


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file(home: Home, build_id: str) -> Path:
    return home.history / f"{build_id}.duckdb"


def _list_or_refuse(home: Home) -> list[KeptFile]:
    if kept := list_kept(home):
        return kept
    raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")


def _range(kept: list[KeptFile]) -> str:
    newest, oldest = kept[0].publication, kept[-1].publication
    return (
        f"kept are {len(kept)}, from {oldest.build_id} of {_written(oldest.published_at)} to {newest.build_id} of"
        f" {_written(newest.published_at)} (`mlspend publications` lists them)"
    )


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _age(kept: KeptFile) -> tuple[datetime, str]:
    return kept.publication.published_at, kept.publication.build_id


def _read(path: Path, *, is_current: bool = False) -> KeptFile:
    with duckdb_files.connect(path, read_only=True) as connection:
        publication = _publication_in(connection)
        views = connection.execute("select sql from duckdb_views() where not internal").fetchall()
    if publication is None:
        raise PublicationNotKept(f"{path} is no published warehouse: move it out of the way")
    return KeptFile(
        path, publication, frozenset(name for (sql,) in views for name in _LAKE_FOLDER.findall(sql)), is_current
    )


def _publication_in(connection: duckdb_files.Connection) -> Publication | None:
    row = ops_tables.read_publication(connection)
    if row is None:
        return None
    build_id, schema_version, configuration_hash, published_at, partitions, lake_builds, tables_hash = row
    return Publication(
        build_id=build_id,
        schema_version=schema_version,
        configuration_hash=configuration_hash,
        published_at=published_at.replace(tzinfo=UTC),
        partitions=tuple(Partition(**partition) for partition in partitions),
        lake_builds=tuple(lake_builds),
        tables_hash=tables_hash or "",
    )
