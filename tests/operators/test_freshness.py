"""The check as a task and as a DAG run of Airflow's own: red for a silent source, at once, and green otherwise."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Delivery
from mlspend.core.errors import StateUnavailable
from mlspend.operators.freshness import CheckFreshnessOperator

CONFIG = {
    "company": "Example",
    "sources": [{"name": "aws", "provider": "aws", "location": "exports/aws"}],
    "digest": {"channel": "#ml-spend"},
    "freshness": {"night": "00:00-00:00"},
}


@pytest.fixture
def company(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    path = tmp_path / "mlspend.yml"
    path.write_text(json.dumps(CONFIG))
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    monkeypatch.delenv("MLSPEND_SLACK_TOKEN", raising=False)
    return home


def deliver(home: Home, hours_ago: float) -> None:
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    with Ledger.open(home) as ledger:
        ledger.record_seen(Delivery("aws", "aws_cur2", "2026-11", f"v{hours_ago}", at, ()), at)


def check() -> dict[str, str]:
    levels: dict[str, str] = CheckFreshnessOperator(task_id="check_freshness").execute({})
    return levels


def test_before_anything_was_landed_or_published_it_is_green_and_says_nothing(company: Home) -> None:
    assert check() == {"aws": "fresh"}
    assert not company.outbox.exists()


def test_a_silent_source_fails_at_once_with_what_to_do_and_one_notice(company: Home) -> None:
    deliver(company, 30)
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=r"SourceOverdue: source 'aws': last delivered .* 30 hours ago"):
            check()
    assert len(list(company.outbox.rglob("*.html"))) == 1
    deliver(company, 1)
    assert check() == {"aws": "fresh"}
    assert len(list(company.outbox.rglob("*.html"))) == 2


def test_a_state_store_that_does_not_answer_is_tried_again(company: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_STATE_URL", "postgresql://ada:hunter2@127.0.0.1:1/mlspend")
    with pytest.raises(StateUnavailable):
        check()


RED_THEN_GREEN = """
from airflow.dag_processing.dagbag import DagBag
from mlspend.adapters.home import Home
from tests.operators.test_freshness import deliver

dag = DagBag("dags/check_freshness.py").dags["check_freshness"]
print("first:", dag.test().state)
deliver(Home.from_environment(), hours_ago=1)
print("second:", dag.test().state)
"""


def test_the_dag_turns_red_and_green_again(company: Home, tmp_path: Path) -> None:
    """Airflow runs the DAG file itself, in a process and with a database of its own."""
    deliver(company, 30)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "PYTHONPATH": f"{PROJECT_ROOT}:{PROJECT_ROOT / 'plugins'}",
    }
    for words in (["-m", "airflow", "db", "migrate"], ["-c", RED_THEN_GREEN]):
        ended = subprocess.run(
            [sys.executable, *words], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    assert "first: failed" in ended.stdout
    assert "SourceOverdue: source 'aws'" in ended.stdout + ended.stderr
    assert "second: success" in ended.stdout
