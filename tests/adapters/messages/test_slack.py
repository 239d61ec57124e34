"""Posting to a server that speaks Slack's Web API, through the real SDK."""

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from slack_sdk.models.blocks import HeaderBlock
from werkzeug import Request, Response

from mlspend.adapters.messages import slack, slack_api
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered
from tests.fault_proxy import Deed, fault_proxy, hang_up_after_asking, keep_silent_after_asking, reset_half_way

SINCE = datetime(2026, 10, 26, tzinfo=UTC)
KEY = "digest/2026-W43/#ml-spend"
PAYLOAD = slack.compose("#ml-spend", "ML spend", [HeaderBlock(text="ML spend")], key=KEY)
POSTED = {"ok": True, "channel": "C0000000001", "ts": "1793000000.000100"}
CHANNELS = {
    "ok": True,
    "channels": [{"id": "C0000000009", "name": "general"}, {"id": "C0000000001", "name": "ml-spend"}],
}
EMPTY = {"ok": True, "messages": [{"ts": "1793000000.000001", "text": "hello"}]}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends requests to this machine, too, through a proxy of the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def send(server: HTTPServer, **options: Any) -> slack.Posted:
    return slack.send(PAYLOAD, token="xoxb-1", since=SINCE, base_url=server.url_for("/api"), **options)


def answer_in_turn(server: HTTPServer, *answers: Response) -> list[Any]:
    """Answer each post with the next of `answers`; return the bodies as they come in."""
    bodies: list[Any] = []

    def answer(request: Request) -> Response:
        bodies.append(request.get_json())
        return answers[len(bodies) - 1]

    server.expect_request("/api/chat.postMessage", method="POST").respond_with_handler(answer)
    return bodies


def json_response(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(body), status, {name.replace("_", "-"): value for name, value in headers.items()})


def expect_history(server: HTTPServer, *messages: dict[str, Any]) -> None:
    server.expect_request("/api/conversations.list").respond_with_json(CHANNELS)
    server.expect_request("/api/conversations.history").respond_with_json({"ok": True, "messages": list(messages)})


def requests_to(server: HTTPServer, method: str) -> list[Request]:
    return [request for request, _ in server.log if request.path == f"/api/{method}"]


def test_a_message_is_posted_as_composed(httpserver: HTTPServer) -> None:
    bodies = answer_in_turn(httpserver, json_response(POSTED))
    assert str(send(httpserver)) == "C0000000001/1793000000.000100"
    assert bodies == [PAYLOAD]
    (request,) = requests_to(httpserver, "chat.postMessage")
    assert request.headers["Authorization"] == "Bearer xoxb-1"


def test_slack_is_told_to_read_no_markup_and_follow_no_link() -> None:
    assert (PAYLOAD["mrkdwn"], PAYLOAD["parse"], PAYLOAD["link_names"]) == (False, "none", False)
    assert (PAYLOAD["unfurl_links"], PAYLOAD["unfurl_media"]) == (False, False)
    assert PAYLOAD["metadata"] == {"event_type": "mlspend_message", "event_payload": {"key": KEY}}


def test_a_rate_limit_is_waited_out(httpserver: HTTPServer) -> None:
    limited = json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After="0")
    bodies = answer_in_turn(httpserver, limited, json_response(POSTED))
    assert send(httpserver).ts == POSTED["ts"]
    assert len(bodies) == 2
    assert not requests_to(httpserver, "conversations.history")


def test_a_rate_limit_that_stays_leaves_the_message_unsent(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slack_sdk.http_retry.builtin_handlers.time.sleep", lambda _seconds: None)
    limited = [json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After="30") for _ in range(4)]
    bodies = answer_in_turn(httpserver, *limited)
    with pytest.raises(MessageUndelivered, match="rate limit") as raised:
        send(httpserver)
    assert not isinstance(raised.value, MessageUncertain)
    assert len(bodies) == 4


def test_a_wait_longer_than_a_task_should_sleep_is_left_to_the_scheduler(httpserver: HTTPServer) -> None:
    limited = json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After="3600")
    bodies = answer_in_turn(httpserver, limited, json_response(POSTED))
    with pytest.raises(MessageUndelivered, match="in 3600 seconds"):
        send(httpserver)
    assert len(bodies) == 1


@pytest.mark.parametrize("asked", ["1", "60", "x"])
def test_slack_is_given_the_time_that_it_asks_for(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("slack_sdk.http_retry.builtin_handlers.time.sleep", slept.append)
    limited = json_response({"ok": False, "error": "ratelimited"}, 429, Retry_After=asked)
    answer_in_turn(httpserver, limited, json_response(POSTED))
    if asked == "x":
        with pytest.raises(MessageUndelivered, match="in a minute"):
            send(httpserver)
        assert slept == []
    else:
        send(httpserver)
        assert int(asked) <= slept[0] <= int(asked) + 1


@pytest.mark.parametrize(
    "deed", [reset_half_way(), hang_up_after_asking(), keep_silent_after_asking()], ids=["reset", "hung up", "silent"]
)
def test_a_message_that_slack_took_before_the_line_was_lost_is_found(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    monkeypatch.setattr(slack_api, "_SECONDS", 1)
    bodies = answer_in_turn(httpserver, json_response(POSTED))
    expect_history(httpserver, {"ts": "1793000000.000001", "metadata": PAYLOAD["metadata"]})
    with fault_proxy(httpserver.url_for("/")) as proxy:
        proxy.fail(deed, path="chat.postMessage", method="POST")
        found = slack.send(PAYLOAD, token="xoxb-1", since=SINCE, base_url=f"{proxy.address}/api/")
    assert found == slack.Posted("C0000000001", "1793000000.000001")
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("channel_not_found", "correct its name in mlspend.yml"),
        ("not_in_channel", "/invite @mlspend"),
        ("invalid_auth", "MLSPEND_SLACK_TOKEN"),
        ("token_revoked", "install the app again"),
        ("channel_not_found", "private channel must invite the app"),
        ("msg_too_long", "please report"),
        ("msg_blocks_too_long", "please report"),
        ("invalid_blocks", "please report"),
        ("is_archived", "unarchive"),
        ("some_new_error", "docs.slack.dev"),
    ],
)
def test_a_refusal_says_what_to_do(httpserver: HTTPServer, error: str, advice: str) -> None:
    bodies = answer_in_turn(httpserver, json_response({"ok": False, "error": error}))
    with pytest.raises(MessageRefused, match=advice) as raised:
        send(httpserver)
    assert "#ml-spend" in str(raised.value)
    assert error in str(raised.value)
    assert "xoxb-1" not in str(raised.value)
    assert len(bodies) == 1


def test_a_missing_scope_is_named(httpserver: HTTPServer) -> None:
    answer_in_turn(httpserver, json_response({"ok": False, "error": "missing_scope", "needed": "chat:write"}))
    with pytest.raises(MessageRefused, match=r"chat:write.*grant the app the scope"):
        send(httpserver)


LOST = [
    pytest.param(json_response({"ok": False, "error": "internal_error"}, 500), id="500"),
    pytest.param(Response("<html>upstream</html>", 503), id="503"),
    pytest.param(json_response({"ok": False, "error": "internal_error"}), id="internal error"),
    pytest.param(Response("<html>captive portal</html>", 200), id="no JSON"),
]


@pytest.mark.parametrize("lost", LOST)
def test_after_a_server_error_a_message_that_did_arrive_is_found_not_sent_again(
    httpserver: HTTPServer, lost: Response
) -> None:
    bodies = answer_in_turn(httpserver, lost)
    other = {"event_type": "mlspend_message", "event_payload": {"key": "digest/2026-W42/#ml-spend"}}
    expect_history(
        httpserver,
        {"ts": "1793000000.000003", "metadata": other},
        {"ts": "1793000000.000002", "text": "no metadata"},
        {"ts": "1793000000.000001", "metadata": PAYLOAD["metadata"]},
    )
    assert send(httpserver) == slack.Posted("C0000000001", "1793000000.000001")
    assert len(bodies) == 1
    (history,) = requests_to(httpserver, "conversations.history")
    asked = {**history.args, **history.form}
    assert (asked["channel"], float(asked["oldest"])) == ("C0000000001", SINCE.timestamp())
    assert asked["include_all_metadata"] in ("1", "true")


@pytest.mark.parametrize("lost", LOST)
def test_after_a_server_error_a_message_that_did_not_arrive_is_sent_once_more(
    httpserver: HTTPServer, lost: Response
) -> None:
    bodies = answer_in_turn(httpserver, lost, json_response(POSTED))
    expect_history(httpserver)
    assert send(httpserver).ts == POSTED["ts"]
    assert len(bodies) == 2


def test_a_server_error_that_stays_is_left_for_later(httpserver: HTTPServer) -> None:
    bodies = answer_in_turn(httpserver, *[Response("", 500) for _ in range(2)])
    expect_history(httpserver)
    with pytest.raises(MessageUncertain, match="looked up at the next try"):
        send(httpserver)
    assert len(bodies) == 2


def test_what_may_have_been_sent_before_is_looked_up_first(httpserver: HTTPServer) -> None:
    expect_history(httpserver, {"ts": "1793000000.000001", "metadata": PAYLOAD["metadata"]})
    assert send(httpserver, is_uncertain=True).ts == "1793000000.000001"
    assert not requests_to(httpserver, "chat.postMessage")


def test_the_look_up_reads_every_page(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/conversations.list").respond_with_json(CHANNELS)
    first = {**EMPTY, "response_metadata": {"next_cursor": "more"}}
    httpserver.expect_oneshot_request("/api/conversations.history").respond_with_json(first)
    httpserver.expect_oneshot_request("/api/conversations.history").respond_with_json(
        {"ok": True, "messages": [{"ts": "1793000000.000001", "metadata": PAYLOAD["metadata"]}]}
    )
    assert send(httpserver, is_uncertain=True).ts == "1793000000.000001"


def test_a_channel_given_by_its_id_is_not_searched_for(httpserver: HTTPServer) -> None:
    payload = {**PAYLOAD, "channel": "C0000000001"}
    expect_history(httpserver, {"ts": "1793000000.000001", "metadata": payload["metadata"]})
    slack.send(payload, token="xoxb-1", since=SINCE, is_uncertain=True, base_url=httpserver.url_for("/api/"))
    assert not requests_to(httpserver, "conversations.list")


def test_nothing_is_posted_while_the_history_cannot_be_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/conversations.list").respond_with_json(CHANNELS)
    httpserver.expect_request("/api/conversations.history").respond_with_json({"ok": False, "error": "missing_scope"})
    with pytest.raises(MessageUncertain, match="channels:history"):
        send(httpserver, is_uncertain=True)
    assert not requests_to(httpserver, "chat.postMessage")


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/api/"
        with pytest.raises(MessageUndelivered):
            slack.send(PAYLOAD, token="xoxb-1", since=SINCE, base_url=address)
