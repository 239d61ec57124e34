"""Delete what nobody can be reading any more: old publications, the lake files that only they named, old builds."""

import logging
import shutil
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from mlspend.adapters import duckdb_files, publication_history
from mlspend.adapters.home import Home
from mlspend.adapters.publication_history import KeptFile
from mlspend.core.deliveries import Publication
from mlspend.core.errors import PublicationNotKept
from mlspend.core.retention import select_kept

logger = logging.getLogger(__name__)


def remove_retired(
    home: Home,
    recorded: Sequence[Publication],
    *,
    count: int,
    now: datetime,
    keep: timedelta,
    needed: Collection[str] = (),
) -> list[Path]:
    """Delete and return publications, lake folders and build folders that nobody can be reading any more.

    `recorded` are the publications of the ledger, newest first. Of the published states stay the newest `count` and
    those replaced less than `keep` ago; of what leaves these the files are there for another `keep`. Lake and build
    folders written less than `keep` ago stay. So do the pages about the checks of what stays, and of builds that are
    `needed` because something of them is held back. Nothing is deleted while the file of a kept publication cannot be
    read: it may name anything.
    """
    try:
        openable = publication_history.list_kept(home)
        kept = select_kept(_newest_first(openable, recorded), count=count, now=now, keep=keep)
        kept_ids = {publication.build_id for publication in kept}
        staying = [one for one in openable if one.is_current or one.publication.build_id in kept_ids]
        for one in openable:
            if one not in staying:
                logger.info("publication %s of %s is retired", one.publication.build_id, one.publication.published_at)
                publication_history.retire(home, one, now)
        retired = publication_history.list_retired(home)
    except (duckdb_files.Error, PublicationNotKept) as error:
        logger.warning("nothing old is deleted, as the file of a kept publication cannot be read: %s", error)
        return []
    since = now - keep
    over = [one for one in retired if one.path.stat().st_mtime <= since.timestamp()]
    staying += [one for one in retired if one not in over]
    for one in over:
        logger.info("deleting %s: retired for %s", one.path, keep)
        one.path.unlink()
    pages = [one for one in _folders(home.data_docs, "*") if one.name not in kept_ids and one.name not in needed]
    folders = [*_unnamed(home, staying, kept), *_folders(home.builds, "*"), *pages]
    removed = [folder for folder in folders if _is_older(folder, since)]
    for folder in removed:
        logger.info("deleting %s: no publication that is kept names it", folder)
        shutil.rmtree(folder)
        _remove_empty_parents(folder, home)
    return [one.path for one in over] + removed


def _newest_first(openable: Sequence[KeptFile], recorded: Sequence[Publication]) -> list[Publication]:
    """The published one, then all others by age; what the ledger has forgotten is known by its file."""
    current = [one.publication for one in openable if one.is_current]
    by_id = {each.build_id: each for each in (*recorded, *(one.publication for one in openable))}
    others = [each for each in by_id.values() if each not in current]
    return [*current, *sorted(others, key=lambda each: (each.published_at, each.build_id), reverse=True)]


def _unnamed(home: Home, staying: Iterable[KeptFile], kept: Iterable[Publication]) -> list[Path]:
    """Lake folders of single partitions that no file names; of a kept publication without a file all builds count."""
    files = list(staying)
    named = {name for one in files for name in one.lake_folders}
    with_file = {one.publication.build_id for one in files}
    whole = {f"build={name}" for each in kept if each.build_id not in with_file for name in each.lake_builds}
    folders = _folders(home.lake, "*/build=*/x_source=*/billing_period=*")
    return [
        folder
        for folder in folders
        if folder.relative_to(home.lake).as_posix() not in named and folder.parts[-3] not in whole
    ]


def _folders(root: Path, pattern: str) -> list[Path]:
    return [folder for folder in sorted(root.glob(pattern)) if folder.is_dir()]


def _is_older(folder: Path, moment: datetime) -> bool:
    """Whether nothing in `folder` was written since `moment`."""
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        # What vanishes meanwhile is taken away by somebody who still works there.
        return False
    return newest < moment.timestamp()


def _remove_empty_parents(folder: Path, home: Home) -> None:
    """Remove build=…/x_source=…/ once its last partition is gone."""
    for parent in folder.parents:
        if not parent.is_relative_to(home.lake) or not parent.name.startswith(("x_source=", "build=")):
            return
        if any(parent.iterdir()):
            return
        parent.rmdir()
