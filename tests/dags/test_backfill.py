"""Older months under a real Airflow: a backfill lands what `mlspend land --from --to` lands, and its notes say so."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from typer.testing import CliRunner

from mlspend.adapters import airflow_processes, airflow_standalone
from mlspend.adapters.airflow_api import DagRun
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from mlspend.core.periods import first_day
from tests.focus_csv import focus_line, write_focus_csv

T = TypeVar("T")
DAG = "land_billing_cloud"
PERIODS = [f"2026-0{month}" for month in range(1, 9)]
DAMAGED = "2026-02"
ENDED = ("success", "failed")
CONFIG = """\
company: Small
sources:
  - {{name: cloud, provider: other, location: {exports}}}
projects:
  - {{name: recommender, team: discovery}}
teams:
  - {{name: discovery, slack_channel: "#discovery"}}
"""


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file per billing period; that of February is in another currency than the account's."""
    folder = tmp_path_factory.mktemp("exports")
    for period in PERIODS:
        currency = "EUR" if period == DAMAGED else "USD"
        lines = [focus_line(period, day, "2", BillingCurrency=currency) for day in range(1, 11)]
        write_focus_csv(folder / f"{period}.csv", lines)
    return folder


@pytest.fixture(scope="module")
def config(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "mlspend.yml"
    path.write_text(CONFIG.format(exports=exports))
    return path


@pytest.fixture(scope="module")
def backfilled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("backfilled"))


@pytest.fixture(scope="module")
def airflow(backfilled: Home, config: Path) -> Iterator[Standalone]:
    environment = {"MLSPEND_CONFIG": str(config), "MLSPEND_STATE_URL": "", "MLSPEND_SLACK_TOKEN": ""}
    with airflow_standalone.start(backfilled, extra=environment) as running:
        running.wait_until_ready([DAG, "build_warehouse"])
        yield running
    assert airflow_processes.find_processes(running.folder) == set()


def wait_for(look: Callable[[], bool], airflow: Standalone, *, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, airflow.api.runs(DAG)
        time.sleep(0.3)


def wait_until_ended(runs: Sequence[DagRun], airflow: Standalone) -> list[str]:
    wait_for(lambda: all(airflow.api.state(run) in ENDED for run in runs), airflow)
    return [airflow.api.state(run) for run in runs]


def runs_of(dag_id: str, airflow: Standalone) -> list[DagRun]:
    """The runs of the DAG by their ids, which are dates."""
    return sorted((run for run, _ in airflow.api.runs(dag_id)), key=lambda run: run.run_id)


def wait_until_idle(airflow: Standalone) -> None:
    """Return when no run of any DAG is under way: on SQLite, API and scheduler get into each other's way."""
    dags = (DAG, "build_warehouse", "send_digest", "check_freshness")
    wait_for(lambda: all(state in ENDED for dag in dags for _, state in airflow.api.runs(dag)), airflow)


def ask(call: Callable[[], T], airflow: Standalone) -> T:
    """Return what Airflow answers when its database is free: else it says 500 or 503, and to try again.

    A backfill that it could not take back is in the way of the next one (409) until its scheduler has cleared it away.
    """
    answers: list[T] = []

    def has_answered() -> bool:
        try:
            answers.append(call())
        except httpx.HTTPStatusError as error:
            if not (error.response.is_server_error or error.response.status_code == httpx.codes.CONFLICT):
                raise
        return bool(answers)

    wait_for(has_answered, airflow)
    return answers[0]


def create_backfill(airflow: Standalone, first: datetime, last: datetime, **options: Any) -> None:
    """Create it while the DAG is paused, then let its runs begin.

    On SQLite Airflow 3.3 creates runs before their tasks, and takes them back, in sight of the scheduler: a run is seen
    without tasks, or is gone while it is looked at, and then the scheduler ends. A paused DAG is let alone.
    """

    def create() -> None:
        ask(lambda: airflow.api.pause(DAG, is_paused=True), airflow)
        try:
            airflow.api.create_backfill(DAG, first, last, **options)
        finally:
            ask(lambda: airflow.api.pause(DAG, is_paused=False), airflow)

    wait_until_idle(airflow)
    ask(create, airflow)


def start_of(period: str) -> datetime:
    return datetime.combine(first_day(period), datetime.min.time(), UTC)


def read_ledger(home: Home) -> list[dict[str, Any]]:
    with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        return ledger.deliveries()


def landed_in_order(home: Home) -> list[str]:
    landed = [row for row in read_ledger(home) if row["landed_at"]]
    return [row["billing_period"] for row in sorted(landed, key=lambda row: row["landed_at"])]


def without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without when this home saw, landed, built and published them."""
    clocks = {"seen_at", "landed_at", "rejected_at", "built_at", "published_at"}
    return [{name: value for name, value in row.items() if name not in clocks | {"status", "reason"}} for row in rows]


def test_a_backfill_lands_its_periods_oldest_first_as_the_command_does(
    airflow: Standalone, backfilled: Home, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_backfill(airflow, start_of("2026-04"), datetime(2026, 6, 30, tzinfo=UTC))
    runs = runs_of(DAG, airflow)
    assert len(runs) == 3
    assert wait_until_ended(runs, airflow) == ["success"] * 3
    assert landed_in_order(backfilled) == ["2026-04", "2026-05", "2026-06"]
    for run, period in zip(runs, ("2026-04", "2026-05", "2026-06"), strict=True):
        assert period in run.run_id
        assert f"cloud: landed {period} (10 lines)\nledger: " in (airflow.api.note(run) or "")

    monkeypatch.setenv("MLSPEND_CONFIG", str(config))
    monkeypatch.setenv("MLSPEND_HOME", str(tmp_path))
    monkeypatch.delenv("MLSPEND_STATE_URL", raising=False)
    assert CliRunner().invoke(app, ["land", "--from", "2026-04", "--to", "2026-06"]).exit_code == 0
    assert without_times(read_ledger(backfilled)) == without_times(read_ledger(Home(tmp_path)))


def test_builds_fold_and_the_note_of_the_last_says_what_is_published(airflow: Standalone, backfilled: Home) -> None:
    def is_published() -> bool:
        with Ledger(f"sqlite:///{backfilled.root / 'state.db'}") as ledger:
            published = ledger.last_publication()
        return published is not None and len(published.partitions) == 3

    wait_for(is_published, airflow)
    builds = runs_of("build_warehouse", airflow)
    wait_until_ended(builds, airflow)
    assert len(builds) <= 3
    notes = "\n".join(airflow.api.note(run) or "" for run in builds)
    for words in ("cloud 2026-04", "cloud 2026-05", "cloud 2026-06", "proved ", "3 billing periods in all"):
        assert words in notes


def test_backwards_and_over_months_that_are_there_only_what_is_missing_lands(
    airflow: Standalone, backfilled: Home
) -> None:
    before = {row["billing_period"]: row["landed_at"] for row in read_ledger(backfilled) if row["landed_at"]}
    # It begins and ends in the middle of a month: both months are meant.
    first, last = datetime(2026, 6, 15, tzinfo=UTC), datetime(2026, 8, 15, tzinfo=UTC)
    create_backfill(airflow, first, last, run_backwards=True, reprocess_behavior="completed")
    wait_until_ended(runs_of(DAG, airflow), airflow)
    assert [run.run_id[10:17] for run in runs_of(DAG, airflow)] == PERIODS[3:]
    after = {row["billing_period"]: row["landed_at"] for row in read_ledger(backfilled) if row["landed_at"]}
    assert sorted(after) == ["2026-04", "2026-05", "2026-06", "2026-07", "2026-08"]
    assert before.items() <= after.items()


def test_a_run_with_parameters_lands_them_at_once_and_says_what_it_refused(
    airflow: Standalone, backfilled: Home
) -> None:
    run = ask(lambda: airflow.api.trigger(DAG, conf={"from": "2026-01", "to": "2026-03"}), airflow)
    assert wait_until_ended([run], airflow) == ["failed"]
    assert {"2026-01", "2026-03"} < set(landed_in_order(backfilled))
    note = airflow.api.note(run) or ""
    assert "cloud: landed 2026-01 (10 lines), 2026-03 (10 lines)" in note
    assert "1 rejected" in note
    assert "rejected 2026-02 version" in note
    assert "EUR" in note


def test_what_a_person_wrote_beside_a_run_stays(airflow: Standalone) -> None:
    wanted = {"conf": {"to": "2025-12"}, "note": "asked for by the auditors"}
    run = ask(lambda: airflow.api.trigger(DAG, **wanted), airflow)
    assert wait_until_ended([run], airflow) == ["success"]
    assert airflow.api.note(run) == "asked for by the auditors"
