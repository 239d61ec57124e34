"""The unit tests of the dbt project itself: every AWS line type, the spreading of fees, the folding of negations."""

import json

from mlspend.adapters.dbt import DbtRun


def test_dbt_unit_tests_pass(built: DbtRun) -> None:
    results = json.loads((built.target / "run_results.json").read_text())["results"]
    unit_tests = {row["unique_id"]: row["status"] for row in results if row["unique_id"].startswith("unit_test.")}
    assert len(unit_tests) >= 8
    assert set(unit_tests.values()) == {"pass"}
