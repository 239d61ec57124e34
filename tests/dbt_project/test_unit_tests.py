"""The unit tests of the dbt project itself: every AWS line type, the spreading of fees, the folding of negations."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mlspend.adapters import dbt
from mlspend.adapters.build_plan import LAKE_TABLES, write_plan
from mlspend.adapters.config import default
from mlspend.adapters.home import Home
from mlspend.core.retention import Contents


def test_dbt_unit_tests_pass(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "unit"
    folder.mkdir()
    nothing: dict[str, list[str]] = {table: [] for table in LAKE_TABLES}
    now = datetime(2026, 11, 1, tzinfo=UTC)
    write_plan(home, default(), folder, Contents(), rebuild=[], kept_files=nothing, now=now)
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder / "plan.json", folder)
    # The models, over landed files without lines, give the unit tests the types of the columns they leave out.
    dbt.invoke(run, "build")
    results = json.loads((run.target / "run_results.json").read_text())["results"]
    unit_tests = {row["unique_id"]: row["status"] for row in results if row["unique_id"].startswith("unit_test.")}
    assert len(unit_tests) >= 4
    assert set(unit_tests.values()) == {"pass"}
