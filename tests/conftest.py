"""Fixtures every test may use: a home of its own, and the folder of real exports where it exists."""

import os
from pathlib import Path

import pytest

from mlspend.adapters.home import PROJECT_ROOT, Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty MLSPEND_HOME, also for child processes."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("MLSPEND_HOME", str(root))
    monkeypatch.delenv("MLSPEND_STATE_URL", raising=False)
    return Home(root)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real exports made by others, named by MLSPEND_SHARED_DATA."""
    folder = Path(os.environ.get("MLSPEND_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real exports are not at hand: {folder} (set MLSPEND_SHARED_DATA)")
    return folder
