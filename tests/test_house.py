"""The house rules, as tests: a rule that nothing checks is a wish."""

import inspect
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core import errors
from tests.conftest import LONGEST_FIRST

DAG_FILES = sorted((PROJECT_ROOT / "dags").glob("*.py"))
CORE_FILES = sorted(
    path for path in (PROJECT_ROOT / "plugins/mlspend/core").glob("*.py") if path.stem not in ("__init__", "errors")
)
MODEL_NAMES = {
    "staging": r"stg_[a-z0-9]+(_[a-z0-9]+)*__[a-z_]+",
    "focus": r"int_([a-z]+__)?[a-z_]+|focus_costs|costs",
    "allocation": r"int_([a-z]+__)?[a-z_]+|attributed_costs|[a-z]+_costs_split|allocated_costs",
    "findings": r"fnd_[a-z]+_[a-z0-9]+__[a-z_]+|findings",
    "outlook": r"int_[a-z_]+",
    "marts": r"(?!stg_|int_|fnd_)[a-z][a-z0-9_]*",
}


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return [path for name in listing.stdout.splitlines() if (path := PROJECT_ROOT / name).is_file()]


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_a_dag_file_only_says_when_and_in_what_order(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: path.name)
def test_every_core_file_has_its_test(path: Path) -> None:
    test_file = PROJECT_ROOT / "tests" / "core" / f"test_{path.stem}.py"
    assert test_file.exists() or ">>> " in path.read_text(), f"{path.name} has neither {test_file.name} nor a doctest"


def test_what_is_to_begin_first_is_there() -> None:
    assert [name for name in LONGEST_FIRST if not (PROJECT_ROOT / "tests" / name).exists()] == []


def test_every_error_tells_the_scheduler_whether_a_retry_helps() -> None:
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if error not in (errors.MlspendError, errors.Terminal, errors.Transient):
            assert issubclass(error, errors.Terminal) != issubclass(error, errors.Transient), name


def test_models_are_named_after_their_layer() -> None:
    for model in (PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql"):
        layer = model.relative_to(PROJECT_ROOT / "dbt_project" / "models").parts[0]
        assert re.fullmatch(MODEL_NAMES[layer], model.stem), f"{model.stem} does not follow the names of {layer}"


def test_no_file_names_a_machine_or_a_package_index() -> None:
    forbidden = re.compile(r"python" r"hosted\.org|npm" r"js\.org|deb\.deb" r"ian\.org|/ro" r"ot/|/wo" r"rk/")
    for path in tracked_files():
        if path.suffix not in {".parquet", ".gz", ".png"}:
            found = forbidden.search(path.read_text(errors="replace"))
            assert not found, f"{path.relative_to(PROJECT_ROOT)} holds {found.group() if found else ''}"


@pytest.mark.parametrize("python", ["3.11", "3.12"])
def test_the_lock_pins_every_dependency_with_hashes(python: str) -> None:
    lock = (PROJECT_ROOT / f"requirements-{python}.lock").read_text()
    assert "http://" not in lock
    assert "https://" not in lock
    pinned = {
        match[1]: Version(match[2])
        for match in re.finditer(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+) \\\n    --hash=sha256:", lock, re.MULTILINE)
    }
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *[each for extra in project["optional-dependencies"].values() for each in extra],
    ]
    for requirement in map(Requirement, wanted):
        name = requirement.name.lower().replace("_", "-")
        assert name in pinned, f"{name} is not in the lock: run make lock"
        assert requirement.specifier.contains(pinned[name]), f"the lock has {name} {pinned[name]}: run make lock"
