"""Alerts as a task: whose token and key are used, what it sends, and what a click leads to in PagerDuty."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from fastapi.testclient import TestClient
from pytest_httpserver import HTTPServer

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.alert_judgement import judge
from mlspend.core.deliveries import Delivery
from mlspend.operators.alerts import SendAlertsOperator, alert_access
from mlspend.operators.slack_endpoint import SlackEndpoint
from tests.handmade_alerts import EVERYTHING, RULES, found, hour
from tests.pagerduty_server import KEY, PagerDuty, running_server
from tests.slack_clicks import click, form, sign

CONFIG = {
    "company": "Example",
    "sources": [{"name": "aws", "provider": "aws", "location": "exports/aws"}],
    "digest": {"channel": "#ml-spend"},
    "freshness": {"night": "00:00-00:00"},
}
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def company(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A source that has been silent for six hours too long."""
    path = tmp_path / "mlspend.yml"
    path.write_text(json.dumps(CONFIG))
    for name in [name for name in os.environ if name.startswith(("MLSPEND_SLACK", "MLSPEND_PAGERDUTY"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    at = datetime.now(UTC) - timedelta(hours=30)
    with Ledger.open(home) as ledger:
        ledger.record_seen(Delivery("aws", "aws_cur2", "2026-11", "v1", at, ()), at)
    return home


@pytest.fixture
def pagerduty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PagerDuty]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with running_server(tmp_path / "certificate.pem") as server:
        yield PagerDuty(server)


def connect(monkeypatch: pytest.MonkeyPatch, key: str, url: str) -> None:
    connection = {"conn_type": "http", "password": key, "host": url}
    monkeypatch.setenv("AIRFLOW_CONN_PAGERDUTY_DEFAULT", json.dumps(connection))


def test_the_connection_comes_before_the_environment(company: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_PAGERDUTY_KEY", "key-of-the-environment")
    monkeypatch.setenv("MLSPEND_PAGERDUTY_URL", "https://events.example")
    access = alert_access("slack_default", "pagerduty_default")
    assert (access.pagerduty_key, access.pagerduty_url) == ("key-of-the-environment", "https://events.example")
    connect(monkeypatch, "key-of-the-connection", "")
    access = alert_access("slack_default", "pagerduty_default")
    assert (access.pagerduty_key, access.pagerduty_url) == ("key-of-the-connection", None)


def test_the_task_triggers_pagerduty_by_the_connections_key_and_writes_the_rest_to_the_outbox(
    company: Home, pagerduty: PagerDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, KEY, pagerduty.url)
    task = SendAlertsOperator(task_id="send_alerts")
    assert task.execute({}) == 2
    assert task.execute({}) == 0
    assert list(pagerduty.states.values()) == ["triggered"]
    assert len(list(company.outbox.rglob("*.html"))) == 1


def test_a_key_that_is_refused_fails_the_task_at_once(
    company: Home, pagerduty: PagerDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "WRONG", pagerduty.url)
    with pytest.raises(AirflowFailException, match="MessageRefused: PagerDuty refused the trigger"):
        SendAlertsOperator(task_id="send_alerts").execute({})


def test_a_click_on_acknowledge_reaches_pagerduty_without_waiting_for_the_next_run(
    company: Home, pagerduty: PagerDuty, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, KEY, pagerduty.url)
    monkeypatch.setenv("MLSPEND_SLACK_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("MLSPEND_SLACK_URL", httpserver.url_for("/api/"))
    httpserver.expect_request("/answer").respond_with_data("ok")
    alert = found(level="critical")
    with Ledger.open(company) as ledger:
        ledger.change_alerts(lambda known, _: judge([alert], known, RULES, EVERYTHING, [], hour(0)), hour(0))
        ledger.record_place(alert.alert_id, "pagerduty", before="due", after="told")
    pagerduty.states[alert.alert_id] = "triggered"
    body = form(click(about=f"alert:{alert.alert_id}", response_url=httpserver.url_for("/answer")))
    answer = TestClient(SlackEndpoint()).post(
        "/slack/actions", content=body, headers=sign(body, SECRET, datetime.now(UTC))
    )
    assert answer.status_code == 200
    assert pagerduty.states == {alert.alert_id: "acknowledged"}
