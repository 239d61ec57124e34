"""Fixtures every test may use: a home of its own, and the folder of real exports where it exists."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlspend.adapters.home import PROJECT_ROOT, Home
from tests import warm_children
from tests.warm_children import Nursery

# The files that take a minute and more, longest first. Begun last, one of them would keep its worker busy while the
# others have nothing left to do.
LONGEST_FIRST = (
    "test_kills.py",
    "dags/test_kills_under_airflow.py",
    "dags/test_events.py",
    "test_concurrency.py",
    "dags/test_chain.py",
    "test_deployment.py",
    "adapters/test_redelivery.py",
    "dags/test_backfill.py",
    "adapters/gates/test_hold_back.py",
    "adapters/test_warehouse_history.py",
    "adapters/test_restated_among_many.py",
    "test_conformance.py",
    "adapters/test_retention.py",
    "test_docs.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In the workers of a whole run only: alone, files run as they are named."""
    if hasattr(config, "workerinput"):
        place = {PROJECT_ROOT / "tests" / name: number for number, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(autouse=True)
def unchanged_logging() -> Iterator[None]:
    """A command run within the test's own process sets how much mlspend logs; the next test starts as if it had not."""
    logger = logging.getLogger("mlspend")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty MLSPEND_HOME, also for child processes."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("MLSPEND_HOME", str(root))
    monkeypatch.delenv("MLSPEND_STATE_URL", raising=False)
    return Home(root)


@pytest.fixture(scope="session")
def nurseries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nursery, Nursery]]:
    with warm_children.nurseries(tmp_path_factory.mktemp("nurseries")) as made:
        yield made


@pytest.fixture(scope="session")
def parsed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt parsed for the first home, to spare the others the parsing."""
    return tmp_path_factory.mktemp("parsed") / "partial_parse.msgpack"


@pytest.fixture(scope="module")
def warm_builds(nurseries: tuple[Nursery, Nursery], parsed_once: Path) -> Iterator[None]:
    """Builds in the tests' own process take half the time: their children have imported already."""
    with pytest.MonkeyPatch.context() as patching:
        warm_children.use(patching, *nurseries, parsed_once)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real exports made by others, named by MLSPEND_SHARED_DATA."""
    folder = Path(os.environ.get("MLSPEND_SHARED_DATA", PROJECT_ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real exports are not at hand: {folder} (set MLSPEND_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def example_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The example company with September (invoiced) and October 2026 (open) published: made once, only to be read."""
    from mlspend.adapters import config, example_company, pipeline
    from mlspend.adapters.ledger import Ledger

    def tell(_: str) -> None:
        pass

    made = Home(tmp_path_factory.mktemp("example_company"))
    settings = config.load(PROJECT_ROOT / "config" / "mlspend.yml")
    source = settings.source("aws")
    example_company.write_exports(made.root / source.location, scale=1, months=2, end="2026-10")
    now = datetime(2026, 11, 4, 6, tzinfo=UTC)
    with Ledger(f"sqlite:///{made.root / 'state.db'}") as ledger:
        ledger.migrate()
        landed = pipeline.land(source.name, source.location_in(made), made, ledger, now=now, tell=tell)
        landed.raise_rejections()
        pipeline.build(made, settings, ledger, now=now, tell=tell)
        pipeline.publish(made, ledger, now=now, tell=tell)
    return made
