"""Airflow's own logs, read from disk: what a failed task said last, and the last lines of everything."""

import json
from pathlib import Path
from typing import Any

from mlspend.adapters.airflow_api import TaskState

_TAIL_LINES = 25


def tail(folder: Path) -> str:
    """Return the last lines of `airflow standalone` below this Airflow home, and where the rest stands."""
    log = folder / "standalone.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([*lines[-_TAIL_LINES:], f"(the whole log: {log})"])


def describe_failure(folder: Path, task: TaskState) -> str:
    """Return the error that the task ended with, from its log below this Airflow home, and where that log stands."""
    run = task.run
    log = (
        folder
        / "logs"
        / f"dag_id={run.dag_id}"
        / f"run_id={run.run_id}"
        / f"task_id={task.task_id}"
        / f"attempt={task.try_number}.log"
    )
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    found = [text for line in lines if (text := _error_of(line))]
    said = found[-1] if found else "\n".join(lines[-_TAIL_LINES:]) or "it left no log"
    return f"task {task.task_id} of {run.dag_id} ended as {task.state}:\n{said}\n(the whole log: {log})"


def _error_of(line: str) -> str | None:
    """The exception in one JSON line of a task's log, outermost first; one that only repeats its cause is left out."""
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    details = entry.get("error_detail") or []
    told = [
        f"{detail['exc_type']}: {detail['exc_value']}"
        for number, detail in enumerate(details)
        if not any(later["exc_value"] in detail["exc_value"] for later in details[number + 1 :])
    ]
    return "\n".join(told) or None
