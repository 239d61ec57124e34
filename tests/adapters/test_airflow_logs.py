"""What a failed task said last is found in Airflow's own log."""

import json
from pathlib import Path
from typing import Any

from mlspend.adapters import airflow_logs
from mlspend.adapters.airflow_api import DagRun, TaskState

TASK = TaskState(DagRun("build_warehouse", "manual__1"), "prove_warehouse", "failed", 2, 1.0)


def write_log(folder: Path, *entries: Any) -> None:
    log = folder / "logs/dag_id=build_warehouse/run_id=manual__1/task_id=prove_warehouse/attempt=2.log"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in entries))


def failure(*causes: tuple[str, str]) -> dict[str, Any]:
    return {
        "event": "Task failed",
        "error_detail": [{"exc_type": kind, "exc_value": words, "frames": []} for kind, words in causes],
    }


def test_the_last_error_is_told_once_with_task_and_log(tmp_path: Path) -> None:
    write_log(
        tmp_path,
        {"event": "starting"},
        failure(("ValueError", "an earlier one")),
        failure(("AirflowFailException", "ChecksFailed: 3 rows"), ("ChecksFailed", "3 rows")),
    )
    told = airflow_logs.describe_failure(tmp_path, TASK)
    assert told.splitlines()[:2] == [
        "task prove_warehouse of build_warehouse ended as failed:",
        "ChecksFailed: 3 rows",
    ]
    assert "attempt=2.log" in told
    assert "earlier" not in told


def test_causes_that_say_something_of_their_own_are_kept(tmp_path: Path) -> None:
    write_log(tmp_path, failure(("OSError", "disk full"), ("RuntimeError", "inner")))
    assert "OSError: disk full\nRuntimeError: inner" in airflow_logs.describe_failure(tmp_path, TASK)


def test_a_task_that_was_killed_shows_its_last_lines(tmp_path: Path) -> None:
    write_log(tmp_path, "half a line {", {"event": "the last thing heard"})
    assert "the last thing heard" in airflow_logs.describe_failure(tmp_path, TASK)


def test_a_task_without_a_log_says_so(tmp_path: Path) -> None:
    assert "it left no log" in airflow_logs.describe_failure(tmp_path, TASK)
