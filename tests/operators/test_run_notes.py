"""Lines for the note beside a run: left by tasks whatever their end, and never a reason to hold up the scheduler."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from mlspend.core.errors import BuildFailed
from mlspend.core.run_notes import LONGEST_NOTE
from mlspend.operators.run_notes import NOTE_KEY, run_note, write_note


class Task:
    """What a task instance offers: a place to leave values."""

    def __init__(self) -> None:
        self.left: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.left[key] = value


def test_a_task_leaves_its_lines() -> None:
    task = Task()
    with run_note({"ti": task}) as note:  # type: ignore[typeddict-item]
        note.extend(["built b1", "x" * 5000])
    assert task.left[NOTE_KEY].startswith("built b1\nxxx")
    assert len(task.left[NOTE_KEY]) == LONGEST_NOTE


def test_an_error_is_added_and_goes_on_its_way() -> None:
    task = Task()
    with pytest.raises(BuildFailed), run_note({"ti": task}):  # type: ignore[typeddict-item]
        raise BuildFailed("model daily_spend failed")
    assert task.left == {NOTE_KEY: "BuildFailed: model daily_spend failed"}


def test_a_database_that_does_not_answer_is_logged_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    from airflow.models.dagrun import DagRun

    run = DagRun(dag_id="land_billing_aws", run_id="manual__1", run_type="manual")
    with Session(sa.create_engine("sqlite://")) as session:
        session.add(run)
        write_note(run)
    assert "no note for manual__1 of land_billing_aws" in caplog.text
