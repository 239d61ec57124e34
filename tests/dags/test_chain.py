"""The whole chain under a real Airflow, by the helper of `make demo`: land → build → prove → publish → digest."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from mlspend.adapters import airflow_processes, airflow_standalone, demo
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.errors import AirflowNotReady, TaskFailed
from tests.slack_clicks import ALERT_ID, click, form, open_alert, sign

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture(scope="module")
def example_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def airflow(example_home: Home) -> Iterator[Standalone]:
    secret = {"MLSPEND_SLACK_SIGNING_SECRET": SIGNING_SECRET}
    with airflow_standalone.start(example_home, extra={**demo.EXAMPLE_ENVIRONMENT, **secret}) as running:
        demo.write_exports(example_home, tell=print)
        running.wait_until_ready(demo.CHAIN)
        yield running
    assert airflow_processes.find_processes(running.folder) == set()


def read_totals(home: Home) -> list[tuple[str, Decimal, Decimal]]:
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        return connection.sql(
            "select billing_period, sum(billed_cost), sum(effective_cost) from marts.daily_spend group by 1 order by 1"
        ).fetchall()


@pytest.fixture(scope="module")
def first_run(airflow: Standalone, example_home: Home) -> list[tuple[str, Decimal, Decimal]]:
    assert demo.run_dags(airflow, tell=print, on_change=print) is True
    return read_totals(example_home)


def test_assets_carry_the_bill_from_landing_to_digest(
    first_run: list[tuple[str, Decimal, Decimal]], example_home: Home
) -> None:
    assert [period for period, _, _ in first_run] == ["2026-08", "2026-09", "2026-10"]
    assert all(billed > 0 and effective > 0 for _, billed, effective in first_run)
    with duckdb.connect(str(example_home.published_warehouse), read_only=True) as connection:
        reconciled = connection.sql(
            "select bool_and(is_reconciled), count(distinct billing_period) from marts.reconciliation"
        ).fetchone()
    assert reconciled == (True, 3)
    pages = list(example_home.outbox.glob("*/ml-spend.html"))
    assert len(pages) == 1
    assert json.loads(pages[0].with_suffix(".json").read_text())["channel"] == "#ml-spend"


def test_run_again_it_ends_early_and_leaves_the_same_numbers(
    first_run: list[tuple[str, Decimal, Decimal]], airflow: Standalone, example_home: Home
) -> None:
    published = example_home.published_warehouse.read_bytes()
    changes: list[tuple[str, str]] = []
    is_new = demo.run_dags(airflow, tell=print, on_change=lambda task: changes.append((task.task_id, task.state)))
    assert is_new is False
    assert ("land_deliveries", "skipped") in changes
    assert not [task for task, _ in changes if task == "build_warehouse"]
    assert example_home.published_warehouse.read_bytes() == published
    assert read_totals(example_home) == first_run


def test_a_damaged_restatement_fails_with_its_own_error_and_leaves_what_is_published(
    first_run: list[tuple[str, Decimal, Decimal]], airflow: Standalone, example_home: Home
) -> None:
    exports = example_home.root / demo.EXPORTS
    manifest = next(exports.rglob("BILLING_PERIOD=2026-10/*Manifest.json"))
    damaged = next(exports.rglob("BILLING_PERIOD=2026-10/*.parquet"))
    restated = json.loads(manifest.read_text())
    restated["executionId"] = "ffffffff-0000-0000-0000-000000000000"
    manifest.write_text(json.dumps(restated))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(TaskFailed) as failure:
        airflow.run_chain(demo.CHAIN)
    # What is refused marks the month stale in one more build, so the landing itself goes on to that.
    for words in ("land_refused", "2026-10", damaged.name):
        assert words in str(failure.value)
    assert read_totals(example_home) == first_run


def test_a_click_in_slack_reaches_its_alert_through_the_plugin(airflow: Standalone, example_home: Home) -> None:
    body = form(click("approve"))
    url, now = f"{airflow.api.url}/mlspend/slack/actions", datetime.now(UTC)
    with Ledger.open(example_home) as ledger, httpx.Client(trust_env=False, timeout=30) as slack:
        open_alert(ledger)
        refused = slack.post(url, content=body, headers=sign(body, "another secret", now))
        alert = ledger.alert(ALERT_ID)
        assert alert
        assert (refused.status_code, refused.content, alert.state) == (401, b"", "open")
        answers = [slack.post(url, content=body, headers=sign(body, SIGNING_SECRET, now)) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 200]
        # Slack waits three seconds, and not for what it is told afterwards.
        assert [event.event for event in ledger.alert_events(ALERT_ID)] == ["approved"]
    assert SIGNING_SECRET not in (airflow.folder / "standalone.log").read_text()


@contextlib.contextmanager
def connection_with_secret(airflow: Standalone, secret: str) -> Iterator[None]:
    """Set up slack_default in Airflow's own database, as its page does."""
    [(user, password)] = json.loads((airflow.folder / "passwords.json").read_text()).items()
    with httpx.Client(base_url=airflow.api.url, trust_env=False, timeout=30) as client:
        token = client.post("/auth/token", json={"username": user, "password": password}).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        extra = json.dumps({"signing_secret": secret})
        made = {"connection_id": "slack_default", "conn_type": "slack", "extra": extra}
        client.post("/api/v2/connections", json=made).raise_for_status()
        try:
            yield
        finally:
            client.delete("/api/v2/connections/slack_default").raise_for_status()


def test_the_signing_secret_may_stand_in_the_connection(airflow: Standalone) -> None:
    body = form({"type": "view_submission"})
    url, now = f"{airflow.api.url}/mlspend/slack/actions", datetime.now(UTC)
    with connection_with_secret(airflow, "of the connection"), httpx.Client(trust_env=False, timeout=30) as slack:
        statuses = [
            slack.post(url, content=body, headers=sign(body, secret, now)).status_code
            for secret in ("of the connection", SIGNING_SECRET)
        ]
    assert statuses == [200, 401]


def test_a_second_airflow_in_the_same_home_is_refused(airflow: Standalone, example_home: Home) -> None:
    with pytest.raises(AirflowNotReady, match="another Airflow"), airflow_standalone.start(example_home):
        pass


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_ends_every_process_it_started(home: Home, signal_number: signal.Signals) -> None:
    folder = home.root / "airflow"
    demo_process = subprocess.Popen(
        [Path(sys.executable).with_name("mlspend"), "demo"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A shell starts its background jobs deaf to Ctrl-C, and children inherit that; somebody's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        # standalone itself, and the first of the four services that it starts
        deadline = time.monotonic() + 120
        while len(airflow_processes.find_processes(folder)) < 2:
            assert demo_process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        demo_process.send_signal(signal_number)
        assert demo_process.wait(timeout=180) != 0
        assert airflow_processes.find_processes(folder) == set()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(demo_process.pid, signal.SIGKILL)
        demo_process.wait()
        airflow_processes.end_processes(folder)
