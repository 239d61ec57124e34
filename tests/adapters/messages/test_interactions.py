"""What a click changes, and what Slack is told about it, through the real webhook client."""

import logging
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import interactions
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.adapters.messages.interactions import Answer
from mlspend.core.errors import ClickUnreadable
from mlspend.core.interactions import ACTIONS
from tests.slack_clicks import ALERT_ID, NOW, click, open_alert

URL = "https://hooks.slack.com/actions/T1/1/x"


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        open_alert(opened)
        yield opened


def handle(ledger: Ledger, payload: dict[str, Any]) -> Answer:
    answer = interactions.handle(payload, ledger, NOW)
    assert answer
    return answer


def test_the_buttons_are_the_actions_and_their_value_names_the_alert_only() -> None:
    row = alert_buttons(ALERT_ID).to_dict()
    assert [each["action_id"] for each in row["elements"]] == [f"mlspend_{action}" for action in ACTIONS]
    assert {each["value"] for each in row["elements"]} == {f"alert:{ALERT_ID}"}
    assert [each["text"]["text"] for each in row["elements"] if "confirm" in each] == ["Approve"]


@pytest.mark.parametrize(
    ("action", "state"),
    [("acknowledge", "acknowledged"), ("snooze", "snoozed"), ("not_mine", "not_mine"), ("approve", "approved")],
)
def test_each_button_decides_and_everybody_sees_who(ledger: Ledger, action: str, state: str) -> None:
    answer = handle(ledger, click(action, response_url=URL))
    alert = ledger.alert(ALERT_ID)
    assert alert
    assert (alert.state, alert.state_by) == (state, "ada (U0000000001)")
    assert answer.url == URL
    assert answer.body["replace_original"] is True
    decided = [block for block in answer.body["blocks"] if block["type"] == "context"]
    assert "by ada (U0000000001)" in decided[0]["elements"][0]["text"]
    # Where Slack does not take the message, the same stands below it.
    assert answer.instead
    assert (answer.instead["response_type"], answer.instead["thread_ts"]) == ("in_channel", "1.000000")


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [("acknowledge", "acknowledge", "already"), ("approve", "acknowledge", "approved as intended by ada")],
)
def test_what_was_decided_already_is_told_to_whoever_clicked_only(
    ledger: Ledger, first: str, second: str, says: str
) -> None:
    handle(ledger, click(first))
    answer = handle(ledger, click(second, action_ts="2.0", user="U2", response_url=URL))
    assert (answer.body["response_type"], answer.body["replace_original"]) == ("ephemeral", False)
    assert says in answer.body["text"]
    assert len(ledger.alert_events(ALERT_ID)) == 1


@pytest.mark.parametrize(
    ("about", "says"), [("alert:000000000000", "does not know this alert"), ("finding:f1", "about findings yet")]
)
def test_what_is_not_known_gets_a_polite_sentence(ledger: Ledger, about: str, says: str) -> None:
    answer = handle(ledger, click(about=about, response_url=URL))
    assert answer.body["response_type"] == "ephemeral"
    assert says in answer.body["text"]
    assert ledger.alert_events() == []


def test_a_click_is_remembered_for_an_hour(ledger: Ledger) -> None:
    assert interactions.handle(click(), ledger, NOW)
    assert interactions.handle(click(), ledger, NOW + timedelta(minutes=59)) is None
    # By then Slack's signature is long not valid any more; the table does not grow.
    assert interactions.handle(click("snooze"), ledger, NOW + timedelta(minutes=61))
    assert interactions.handle(click(), ledger, NOW + timedelta(minutes=62))


@pytest.mark.parametrize("body", [b"", b"payload", b"payload=", b"payload=1&payload=2", b"payload=[]", b"\xff=1"])
def test_a_body_without_payload_is_refused(body: bytes) -> None:
    with pytest.raises(ClickUnreadable):
        interactions.parse_form(body)


def test_the_button_snoozes_for_as_long_as_the_configuration_says(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "mlspend.yml"
    config.write_text("company: Small\nsources: []\nalerts: {snooze_days: 3}\n")
    monkeypatch.setenv("MLSPEND_CONFIG", str(config))
    handle(ledger, click("snooze"))
    alert = ledger.alert(ALERT_ID)
    assert alert
    assert alert.snoozed_until == NOW + timedelta(days=3)


# Telling Slack


@pytest.fixture
def slack(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return httpserver


def told(slack: HTTPServer, *answers: Response) -> tuple[bool, list[Any]]:
    """Tell a message and its stand-in to a Slack that gives these answers; return what it was told."""
    left = list(answers)
    slack.expect_request("/answer").respond_with_handler(lambda _request: left.pop(0))
    answer = Answer(slack.url_for("/answer"), {"text": "the message"}, instead={"text": "the reply"})
    is_told = interactions.tell(answer, slack.url_for("/api/"))
    return is_told, [request.get_json()["text"] for request, _ in slack.log]


def test_slack_is_told_once_where_it_takes_it(slack: HTTPServer) -> None:
    assert told(slack, Response("ok")) == (True, ["the message"])


def test_a_message_that_slack_refuses_becomes_a_reply(slack: HTTPServer) -> None:
    assert told(slack, Response("invalid_blocks", 400), Response("ok")) == (True, ["the message", "the reply"])


def test_a_rate_limit_is_waited_out(slack: HTTPServer) -> None:
    limited = Response("", 429, {"Retry-After": "0"})
    assert told(slack, limited, Response("ok")) == (True, ["the message", "the message"])


def test_a_slack_that_is_down_changes_nothing_and_is_logged(
    slack: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(slack, Response("", 500), Response("", 500)) == (False, ["the message", "the reply"])
    assert "did not take the answer" in caplog.text
    assert slack.url_for("/answer") not in caplog.text


@pytest.mark.parametrize(
    "said",
    [
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut short",
        b"HTTP/1.1 500 Error\r\nContent-Length: 100\r\n\r\ncut short",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=none\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_an_answer_that_is_none_is_logged_and_not_raised(
    said: bytes, slack: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        assert interactions.tell(Answer(f"{url}/answer", {"text": "x"}), url) is False
        thread.join()
    assert "was not told" in caplog.text
    assert "/answer" not in caplog.text


def test_the_address_of_an_answer_is_in_no_log(slack: HTTPServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    limited = Response("", 429, {"Retry-After": "0"})
    assert told(slack, limited, Response("ok"))[0]
    assert "/answer" not in "".join(record.getMessage() for record in caplog.records if "slack" in record.name)


@pytest.mark.parametrize(
    "url", ["", "https://example.com/", "http://hooks.slack.com/x", "https://hooks.slack.com.example.com/", "file:///x"]
)
def test_nothing_is_sent_to_an_address_that_is_not_slacks(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def send(*_: object) -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(interactions.WebhookClient, "send_dict", send)
    assert interactions.tell(Answer(url, {"text": "x"})) is False
    assert "not one of Slack's" in caplog.text
