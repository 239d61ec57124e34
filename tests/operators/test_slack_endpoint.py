"""The endpoint that Slack tells of clicks, behind a FastAPI application as Airflow mounts it."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from pytest_httpserver import HTTPServer

from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import interactions
from mlspend.operators.slack_endpoint import SlackEndpoint
from tests.slack_clicks import ALERT_ID, NOW, click, form, open_alert, sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Endpoint:
    """Posts to the endpoint; `state` is what became of the alert."""

    def __init__(self, client: TestClient, ledger: Ledger, answers: HTTPServer) -> None:
        self.client, self.ledger, self.answers = client, ledger, answers
        self.response_url = answers.url_for("/answer")

    def post(self, body: bytes, headers: dict[str, str]) -> Response:
        return self.client.post("/mlspend/slack/actions", content=body, headers=headers)

    def click(self, action: str = "acknowledge", secret: str = SECRET, **options: Any) -> Response:
        body = form(click(action, response_url=self.response_url, **options))
        return self.post(body, sign(body, secret, NOW))

    @property
    def state(self) -> str:
        alert = self.ledger.alert(ALERT_ID)
        assert alert
        return alert.state

    def told(self) -> list[dict[str, Any]]:
        """What Slack was told after it was answered."""
        return [request.get_json() for request, _ in self.answers.log]


@pytest.fixture
def endpoint(home: Home, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLSPEND_SLACK_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("MLSPEND_SLACK_URL", httpserver.url_for("/api/"))
    httpserver.expect_request("/answer", method="POST").respond_with_data("ok")
    airflow = FastAPI()
    airflow.mount("/mlspend", SlackEndpoint())
    with Ledger.open(home) as ledger, time_machine.travel(NOW, tick=False):
        open_alert(ledger)
        yield Endpoint(TestClient(airflow), ledger, httpserver)


def test_a_signed_click_decides_and_the_message_says_who(endpoint: Endpoint) -> None:
    answer = endpoint.click()
    assert (answer.status_code, answer.content) == (200, b"")
    assert endpoint.state == "acknowledged"
    (told,) = endpoint.told()
    assert told["replace_original"] is True
    assert [block["type"] for block in told["blocks"]] == ["header", "context", "actions"]
    assert "acknowledged by ada (U0000000001)" in told["blocks"][1]["elements"][0]["text"]


def test_a_request_told_again_has_no_effect(endpoint: Endpoint) -> None:
    endpoint.click("acknowledge")
    endpoint.click("snooze", action_ts="1793606401.000100")
    assert endpoint.state == "snoozed"
    assert endpoint.click("acknowledge").status_code == 200
    assert endpoint.state == "snoozed"
    assert len(endpoint.told()) == 2


def test_a_request_told_again_is_not_even_read(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[Any] = []
    monkeypatch.setattr(interactions, "handle", lambda payload, *_: handled.append(payload))
    assert [endpoint.click().status_code for _ in range(3)] == [200] * 3
    assert len(handled) == 1


def test_the_same_click_signed_anew_has_no_effect_either(endpoint: Endpoint) -> None:
    endpoint.click("acknowledge")
    endpoint.click("snooze", action_ts="1793606401.000100")
    body = form(click("acknowledge", response_url=endpoint.response_url))
    assert endpoint.post(body, sign(body, SECRET, NOW + timedelta(seconds=1))).status_code == 200
    assert endpoint.state == "snoozed"


BODY = form(click("approve"))
SIGNED = sign(BODY, SECRET, NOW)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(BODY, sign(BODY, "another secret", NOW), id="signed by somebody else"),
        pytest.param(BODY, sign(BODY, SECRET, NOW - timedelta(minutes=5, seconds=1)), id="too old"),
        pytest.param(BODY, sign(BODY, SECRET, NOW + timedelta(minutes=5, seconds=1)), id="from the future"),
        pytest.param(BODY + b"&", SIGNED, id="tampered with"),
        pytest.param(BODY.replace(b"approve", b"snooze"), SIGNED, id="another action"),
        pytest.param(BODY, {**SIGNED, "X-Slack-Signature": "v0="}, id="no signature"),
        pytest.param(BODY, {**SIGNED, "X-Slack-Request-Timestamp": "yesterday"}, id="no timestamp"),
        pytest.param(BODY, {"Content-Type": SIGNED["Content-Type"]}, id="no headers"),
        pytest.param(BODY, {**SIGNED, "Content-Type": "application/json"}, id="no form"),
        pytest.param(b"\xff\xfe", SIGNED, id="no text"),
        *(
            pytest.param(body, sign(body, SECRET, NOW), id=f"signed, but {why}")
            for why, body in {
                "empty": b"",
                "without payload": b"a=b",
                "no JSON": b"payload=%7B",
                "a list": form([1]),
                "huge": b"payload=" + b"x" * 1_000_000,
                "an action of ours that is none": form(click("delete_everything")),
                "about nothing": form(click(about="alert:'; drop table alerts --")),
                "by nobody": form(click(user="")),
            }.items()
        ),
    ],
)
def test_a_wrong_request_gets_401_and_no_reason(
    endpoint: Endpoint, body: bytes, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = endpoint.post(body, headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert endpoint.state == "open"
    assert endpoint.told() == []
    for secret in (SECRET, SIGNED["X-Slack-Signature"], "drop table", "C1"):
        assert secret not in caplog.text


def test_of_a_huge_body_no_more_is_read_than_is_allowed(endpoint: Endpoint) -> None:
    given: list[int] = []
    answered: list[int] = []

    async def receive() -> dict[str, Any]:
        given.append(100_000)
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message.get("status", 0))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/slack/actions",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    asyncio.run(SlackEndpoint()(scope, receive, send))
    assert answered[0] == 401
    assert 1_000_000 < sum(given) <= 1_200_000


@pytest.mark.parametrize(
    "payload",
    [
        {**click(), "actions": [{**click()["actions"][0], "action_id": "another_apps_button"}]},
        {**click(), "type": "view_submission"},
    ],
    ids=["a button of somebody else", "another kind of interaction"],
)
def test_what_is_not_for_us_is_answered_and_left_alone(endpoint: Endpoint, payload: dict[str, Any]) -> None:
    body = form(payload)
    assert endpoint.post(body, sign(body, SECRET, NOW)).status_code == 200
    assert (endpoint.state, endpoint.told()) == ("open", [])


def test_without_a_secret_nothing_is_done(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLSPEND_SLACK_SIGNING_SECRET")
    answer = endpoint.click()
    assert (answer.status_code, answer.content, endpoint.state) == (503, b"", "open")


def test_the_connections_secret_comes_before_the_environments(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {"conn_type": "slack", "password": "xoxb-1", "extra": {"signing_secret": "of the connection"}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(connection))
    assert endpoint.click().status_code == 401
    assert endpoint.click(secret="of the connection").status_code == 200
    assert endpoint.state == "acknowledged"


def test_a_state_store_that_is_away_is_told_to_whoever_clicked(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLSPEND_STATE_URL", "postgresql+psycopg2://127.0.0.1:1/none")
    assert endpoint.click().status_code == 500
    monkeypatch.delenv("MLSPEND_STATE_URL")
    # Nothing was remembered of it.
    assert endpoint.click().status_code == 200
    assert endpoint.state == "acknowledged"


def test_what_is_only_read_or_not_there(endpoint: Endpoint) -> None:
    assert endpoint.client.get("/mlspend/slack/actions").status_code == 405
    for path in ("/mlspend/", "/mlspend/docs", "/mlspend/openapi.json", "/mlspend/slack"):
        assert endpoint.client.get(path).status_code == 404


def test_the_plugin_imports_neither_the_web_nor_slack() -> None:
    """Scheduler and DAG processor load it, too."""
    program = (
        "import airflow.plugins_manager, sys; before = set(sys.modules); import mlspend_plugin; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT / "plugins")}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert not {"fastapi", "starlette", "slack_sdk", "duckdb"} & set(told.stdout.split())
