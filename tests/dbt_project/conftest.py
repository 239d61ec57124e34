"""The dbt project, run once without any line: its unit tests, its compiled SQL and the types of its relations."""

from datetime import UTC, datetime

import pytest

from mlspend.adapters import dbt
from mlspend.adapters.build_plan import LAKE_TABLES, write_plan
from mlspend.adapters.config import default
from mlspend.adapters.home import Home
from mlspend.core.retention import Contents


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dbt.DbtRun:
    """A whole `dbt build`, unit tests and all, which must succeed; only to be read."""
    home = Home(tmp_path_factory.mktemp("project"))
    folder = home.root / "unit"
    folder.mkdir()
    nothing: dict[str, list[str]] = {table: [] for table in LAKE_TABLES}
    now = datetime(2026, 11, 1, tzinfo=UTC)
    write_plan(home, default(), folder, Contents(), rebuild=[], kept_files=nothing, now=now)
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder / "plan.json", folder)
    # The models, over landed files without lines, give the unit tests the types of the columns they leave out.
    dbt.invoke(run, "build")
    return run
