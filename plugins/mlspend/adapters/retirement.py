"""Delete what nobody can be reading any more: lake builds that no kept publication names, and old working folders."""

import logging
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from mlspend.adapters.home import Home
from mlspend.core.deliveries import Publication

logger = logging.getLogger(__name__)


def remove_retired(home: Home, publications: Sequence[Publication], *, now: datetime, keep: timedelta) -> list[Path]:
    """Delete and return lake builds and build folders that are older than `keep` and that nothing kept names.

    `publications` come newest first. Kept are the newest and those it replaced less than `keep` ago: whoever opened
    one of these may still be reading its files.
    """
    named = {name for publication in _kept(publications, now - keep) for name in publication.lake_builds}
    unnamed = [folder for folder in _folders(home.lake, "*/build=*") if folder.name.removeprefix("build=") not in named]
    removed = [folder for folder in (*unnamed, *_folders(home.builds, "*")) if _is_older(folder, now - keep)]
    for folder in removed:
        logger.info("deleting %s: no publication of the last %s names it", folder, keep)
        shutil.rmtree(folder)
    return removed


def _kept(publications: Sequence[Publication], since: datetime) -> Iterable[Publication]:
    yield from publications[:1]
    for newer, older in pairwise(publications):
        if newer.published_at > since:
            yield older


def _folders(root: Path, pattern: str) -> list[Path]:
    return [folder for folder in sorted(root.glob(pattern)) if folder.is_dir()]


def _is_older(folder: Path, moment: datetime) -> bool:
    """Whether nothing in `folder` was written since `moment`."""
    newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    return newest < moment.timestamp()
