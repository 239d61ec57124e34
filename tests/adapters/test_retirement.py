"""Deleting old builds beside a process that still works in one of them."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import retirement
from mlspend.adapters.home import Home

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


@pytest.fixture
def builds(home: Home) -> list[Path]:
    """Two builds written a year ago."""
    then = (NOW - timedelta(days=365)).timestamp()
    for name in ("b1", "b2"):
        spill = home.builds / name / "spill" / "part.tmp"
        spill.parent.mkdir(parents=True)
        spill.touch()
        for path in (spill, spill.parent, spill.parent.parent):
            os.utime(path, (then, then))
    return [home.builds / "b1", home.builds / "b2"]


def remove(home: Home) -> list[Path]:
    return retirement.remove_retired(home, [], count=10, now=NOW, keep=timedelta(days=1))


def test_what_nobody_writes_any_more_is_removed(home: Home, builds: list[Path]) -> None:
    assert remove(home) == builds


def test_pages_about_checks_stay_while_something_of_their_build_is_held_back(home: Home) -> None:
    pages = [home.data_docs / name for name in ("b1", "b2")]
    for folder in pages:
        folder.mkdir(parents=True)
        os.utime(folder, (0, 0))
    (home.data_docs / "b3").mkdir()
    keep = timedelta(days=1)
    assert retirement.remove_retired(home, [], count=10, now=NOW, keep=keep, needed={"b2"}) == pages[:1]
    assert sorted(folder.name for folder in home.data_docs.iterdir()) == ["b2", "b3"]


def test_a_build_whose_file_vanishes_under_the_look_stays(
    home: Home, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def vanish(path: Path, **options: Any) -> os.stat_result:
        if path == builds[0] / "spill" / "part.tmp":
            path.unlink()
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", vanish)
    assert remove(home) == builds[1:]
    assert builds[0].exists()


def test_a_build_whose_folder_vanishes_under_the_look_stays(
    home: Home, builds: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def vanish(path: Any) -> Any:
        if Path(path) == builds[0] / "spill":
            monkeypatch.setattr(os, "scandir", scandir)
            shutil.rmtree(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanish)
    assert remove(home) == builds[1:]
    assert builds[0].exists()
