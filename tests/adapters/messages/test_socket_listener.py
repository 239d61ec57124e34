"""`mlspend alerts listen` against a server that speaks Slack's Socket Mode, as a process of its own."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import socket_listener
from mlspend.cli import app
from mlspend.core.errors import MessageRefused, MessageUndelivered
from tests.slack_clicks import ALERT_ID, click, open_alert

SECONDS = 20


class Slack:
    """Gives out connections; `connected` are those that were opened, `acked` the envelope ids in order."""

    def __init__(self) -> None:
        self.connected: queue.Queue[ServerConnection] = queue.Queue()
        self.acked: queue.Queue[str] = queue.Queue()

    def serve(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}))
        self.connected.put(connection)
        with suppress(ConnectionClosed):
            for message in connection:
                self.acked.put(json.loads(message)["envelope_id"])

    def say(self, connection: ServerConnection, envelope_id: str, payload: dict[str, Any]) -> None:
        """Tell of a click and wait for the acknowledgement."""
        envelope = {
            "type": "interactive",
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": False,
        }
        connection.send(json.dumps(envelope))
        assert self.acked.get(timeout=SECONDS) == envelope_id


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


@pytest.fixture
def slack() -> Iterator[tuple[Slack, str]]:
    slack = Slack()
    with serve(slack.serve, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.socket.getsockname()[:2]
        yield slack, f"ws://{host}:{port}/link/?ticket=1"
        server.shutdown()
        thread.join()


@contextmanager
def listening(home: Home, base_url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment |= {
        "MLSPEND_HOME": str(home.root),
        "MLSPEND_SLACK_APP_TOKEN": "xapp-1-secret",
        "MLSPEND_SLACK_URL": base_url,
    }
    process = subprocess.Popen(
        [Path(sys.executable).with_name("mlspend"), "alerts", "listen"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(look: Callable[[], object]) -> None:
    ended = threading.Event()
    for _ in range(SECONDS * 20):
        if look():
            return
        ended.wait(0.05)
    raise TimeoutError


def test_clicks_are_taken_once_over_connections_that_end(
    home: Home, httpserver: HTTPServer, slack: tuple[Slack, str]
) -> None:
    server, address = slack
    httpserver.expect_request("/api/apps.connections.open").respond_with_json({"ok": True, "url": address})
    httpserver.expect_request("/answer").respond_with_data("ok")
    url = httpserver.url_for("/answer")

    def answers() -> int:
        return sum(request.path == "/answer" for request, _ in httpserver.log)

    with Ledger.open(home) as ledger, listening(home, httpserver.url_for("/api/")) as process:
        open_alert(ledger)
        first = server.connected.get(timeout=SECONDS)
        acknowledge = click("acknowledge", response_url=url)
        server.say(first, "e1", acknowledge)
        wait_for(lambda: answers() == 1)
        first.send(json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}}))
        second = server.connected.get(timeout=SECONDS)
        snooze = click("snooze", response_url=url, action_ts="1793606401.000100")
        server.say(second, "e2", snooze)
        wait_for(lambda: answers() == 2)
        # The first click again: as Slack sends it where it missed the acknowledgement, and in another envelope.
        server.say(second, "e1", acknowledge)
        server.say(second, "e3", acknowledge)
        # Something that is no click, and a click that is not whole, are acknowledged and change nothing.
        server.say(second, "e4", {**acknowledge, "type": "view_submission"})
        server.say(second, "e5", {**acknowledge, "actions": []})
        # A connection that is lost without a word is opened again.
        second.close()
        third = server.connected.get(timeout=SECONDS)
        server.say(third, "e6", click("not_mine", response_url=url, action_ts="1793606402.000100"))
        wait_for(lambda: answers() == 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=SECONDS) == 0
        events = [event.event for event in ledger.alert_events(ALERT_ID)]
    assert events == ["acknowledged", "snoozed", "not_mine"]
    (opened, *_) = [request for request, _ in httpserver.log if request.path.startswith("/api/")]
    assert opened.headers["Authorization"] == "Bearer xapp-1-secret"
    assert process.stderr
    said = process.stderr.read()
    assert "alert:" in said
    for secret in ("xapp-1-secret", "view_submission", url):
        assert secret not in said


def test_a_token_that_slack_does_not_take_says_so(home: Home, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/apps.connections.open").respond_with_json({"ok": False, "error": "invalid_auth"})
    with pytest.raises(MessageRefused, match="invalid_auth"):
        socket_listener.listen(home, "xapp-1", threading.Event(), base_url=httpserver.url_for("/api/"))


def test_a_slack_that_is_not_there_is_worth_another_try(home: Home, free_port: int) -> None:
    with pytest.raises(MessageUndelivered, match="Socket Mode"):
        socket_listener.listen(home, "xapp-1", threading.Event(), base_url=f"http://127.0.0.1:{free_port}/api/")


@pytest.mark.parametrize("token", ["", "xoxb-1"])
def test_without_an_app_level_token_it_is_wrong_use(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_SLACK_APP_TOKEN", token)
    result = CliRunner().invoke(app, ["alerts", "listen"])
    assert result.exit_code == 2
    assert "xapp-" in result.stderr
