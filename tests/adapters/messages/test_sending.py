"""A message with its thread and chart, sent to a server that speaks Slack's Web API, through the real SDK."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from slack_sdk.models.blocks import Block, HeaderBlock, RichTextBlock
from werkzeug import Response

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending, slack, slack_api
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.message import Chart, Message, Reply
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered
from mlspend.core.steps import Step
from tests.fault_proxy import Deed, fault_proxy, hang_up, keep_silent_after_asking, reset_half_way
from tests.slack_workspace import Taken, Workspace

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n figures"
CHART = Chart(PNG, "spend-2026-W43.png", "Effective cost by day", "Spend rose from USD 100 to USD 140 on Wednesday.")
KEY = "digest/2026-W43/#ml-spend"
ALL = [KEY, f"{KEY}/reply/1", f"{KEY}/reply/2", f"{KEY}/chart"]


def words(text: str) -> list[Block]:
    return [RichTextBlock(elements=[part.section([part.text(text)])])]


MESSAGE = Message(
    "#ml-spend",
    KEY,
    "ML spend",
    [HeaderBlock(text=part.plain("ML spend"))],
    replies=(Reply("Movers", words("the movers")), Reply("Trust", words("how far to trust this"))),
    chart=CHART,
)


@pytest.fixture
def workspace(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("mlspend.adapters.messages.chart_upload.time.sleep", lambda _seconds: None)
    return Workspace(httpserver, ("ml-spend",))


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


class Sender:
    """Sends MESSAGE, each time `minutes` after NOW."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace) -> None:
        self.home, self.ledger, self.workspace = home, ledger, workspace

    def __call__(self, minutes: float = 0, message: Message = MESSAGE) -> str | None:
        return sending.deliver(
            message,
            self.home,
            self.ledger,
            kind="digest",
            since=NOW - timedelta(days=1),
            clock=lambda: NOW + timedelta(minutes=minutes),
            token="xoxb-1",
            base_url=self.workspace.url,
        )


@pytest.fixture
def send(home: Home, ledger: Ledger, workspace: Workspace) -> Sender:
    return Sender(home, ledger, workspace)


def test_the_figures_go_out_first_then_the_thread_then_the_chart(send: Sender, workspace: Workspace) -> None:
    assert send() == "CMLSPEND00/1.000000"
    assert workspace.keys() == ALL
    assert [message.get("thread_ts") for message in workspace.posted] == [None, *["1.000000"] * 3]
    assert {message["channel"] for message in workspace.posted[1:]} == {"CMLSPEND00"}
    (file,) = workspace.files.values()
    assert (file.name, file.content, file.title) == ("spend-2026-W43.png", PNG, "Effective cost by day")
    (image,) = workspace.posted[3]["blocks"]
    assert image["slack_file"] == {"id": next(iter(workspace.files))}
    assert image["alt_text"] == "Spend rose from USD 100 to USD 140 on Wednesday."
    assert [row["sent_at"] is not None for row in send.ledger.messages()] == [True] * 4


def test_nothing_goes_out_twice(send: Sender, workspace: Workspace) -> None:
    send()
    assert send(10) is None
    # Not even what a later message has more of: it would stand below other figures.
    more = Message(MESSAGE.channel, KEY, "ML spend", MESSAGE.blocks, (*MESSAGE.replies, Reply("x", words("x"))), CHART)
    assert send(20, more) is None
    assert workspace.keys() == ALL


class Killed(BaseException):
    """A machine that dies."""


@contextmanager
def dying_at(step: Step, nth: int = 1) -> Iterator[None]:
    """Die when the step is reached for the n-th time."""
    seen: list[str] = []

    class Killer(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            seen.append(record.getMessage())
            if seen.count(step.value) == nth:
                raise Killed
            return True

    logger = logging.getLogger("mlspend.steps")
    killer, level = Killer(), logger.level
    logger.addHandler(killer)
    logger.setLevel(logging.DEBUG)
    try:
        with pytest.raises(Killed):
            yield
    finally:
        logger.removeHandler(killer)
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("step", "nth", "had_arrived"),
    [
        (Step.MESSAGE_CLAIMED, 1, 0),
        (Step.MESSAGE_POSTED, 1, 1),
        (Step.MESSAGE_RECORDED, 1, 1),
        *((Step.REPLY_CLAIMED, nth, nth) for nth in (1, 2, 3)),
        *((Step.REPLY_POSTED, nth, nth + 1) for nth in (1, 2, 3)),
    ],
)
def test_after_a_crash_anywhere_only_what_is_missing_goes_out(
    send: Sender, workspace: Workspace, step: Step, nth: int, had_arrived: int
) -> None:
    with dying_at(step, nth):
        send()
    assert workspace.keys() == ALL[:had_arrived]
    if step is not Step.MESSAGE_RECORDED:
        # Whoever claimed it may still be at it.
        with pytest.raises(MessageUndelivered, match="try again in 6 minutes"):
            send(1)
    send(10)
    assert workspace.keys() == ALL
    assert send(20) is None


def test_what_is_on_its_way_for_as_long_as_slack_may_take_is_nobody_elses(
    send: Sender, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three waits of a minute for the rate limit and four time limits of half a minute are five minutes."""
    post, tried = slack._post, []

    def slow(*args: Any) -> Any:
        if not tried:
            tried.append(args)
            with pytest.raises(MessageUndelivered, match="by a run that is sending it"):
                send(5)
        return post(*args)

    monkeypatch.setattr(slack, "_post", slow)
    send()
    assert workspace.keys() == ALL


def test_what_another_run_took_over_while_the_channel_was_searched_is_not_posted_again(
    send: Sender, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.scripts[POST] = [Response("", 503)]
    find, searched = slack.find, []

    def slow(*args: Any) -> Any:
        found = find(*args)
        if not searched:
            searched.append(args)
            send(6)
        return found

    monkeypatch.setattr(slack, "find", slow)
    with pytest.raises(MessageUncertain, match="another run has taken over"):
        send()
    assert workspace.keys() == ALL


def test_the_outbox_holds_the_thread_and_the_chart(home: Home, ledger: Ledger) -> None:
    written = sending.deliver(MESSAGE, home, ledger, kind="digest", since=NOW, token=None, base_url=None)
    page = home.outbox / "digest" / "2026-W43" / "ml-spend.html"
    assert written == str(page)
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "ml-spend.html",
        "ml-spend.json",
        "ml-spend.png",
        "ml-spend.thread.json",
    ]
    assert page.with_suffix(".png").read_bytes() == PNG
    thread: list[dict[str, Any]] = json.loads(page.with_suffix(".thread.json").read_text())
    assert [each["metadata"]["event_payload"]["key"] for each in thread] == ALL[1:]
    for text in ("the movers", "how far to trust this", CHART.alt_text, "data:image/png;base64,"):
        assert text in page.read_text()


def test_in_the_outbox_nothing_is_left_of_an_earlier_thread(home: Home, ledger: Ledger) -> None:
    for message in (MESSAGE, Message(MESSAGE.channel, KEY, "ML spend", MESSAGE.blocks)):
        page = sending.deliver(message, home, ledger, kind="digest", since=NOW, token=None, base_url=None)
    assert sorted(path.name for path in Path(str(page)).parent.iterdir()) == ["ml-spend.html", "ml-spend.json"]


# What goes wrong below the message


def lost(status: int = 504) -> Taken:
    return Taken(Response("gateway timeout", status))


OK = None
MISSING = {"ok": False, "error": "missing_scope", "needed": "files:write"}
UP = "files.getUploadURLExternal"
DONE = "files.completeUploadExternal"
POST = "chat.postMessage"


def test_a_reply_whose_answer_was_lost_is_found_in_the_thread(send: Sender, workspace: Workspace) -> None:
    workspace.scripts[POST] = [OK, lost(), lost(500), lost()]
    assert send()
    assert workspace.keys() == ALL
    assert workspace.calls.count("conversations.replies") == 3
    assert "conversations.history" not in workspace.calls
    references = {row["message_key"]: row["reference"] for row in send.ledger.messages()}
    assert references[f"{KEY}/reply/2"] == "CMLSPEND00/3.000000"


def test_a_reply_that_did_not_arrive_is_sent_once_more(send: Sender, workspace: Workspace) -> None:
    workspace.scripts[POST] = [OK, Response("", 503)]
    send()
    assert workspace.keys() == ALL


def test_while_the_thread_cannot_be_searched_nothing_is_sent_again(send: Sender, workspace: Workspace) -> None:
    workspace.scripts[POST] = [OK, lost()]
    workspace.scripts["conversations.replies"] = [{"ok": False, "error": "missing_scope", "needed": "channels:history"}]
    with pytest.raises(MessageUncertain, match="channels:history"):
        send()
    assert workspace.keys() == ALL[:2]
    with pytest.raises(MessageUndelivered, match="6 minutes"):
        send(1)
    assert send(6) == "CMLSPEND00/1.000000"
    assert workspace.keys() == ALL


def test_a_reply_that_is_kept_back_goes_out_at_the_next_try_and_no_search_is_needed(
    send: Sender, workspace: Workspace
) -> None:
    workspace.scripts[POST] = [OK, OK, Response(json.dumps({"ok": False}), 429, {"Retry-After": "3600"})]
    with pytest.raises(MessageUndelivered, match="in 3600 seconds"):
        send()
    assert workspace.keys() == ALL[:2]
    # At once: that it is not out is certain.
    send()
    assert workspace.keys() == ALL
    assert not [call for call in workspace.calls if call.startswith("conversations")]


def test_a_reply_that_slack_refuses_keeps_no_other_back(send: Sender, workspace: Workspace) -> None:
    workspace.scripts[POST] = [OK, {"ok": False, "error": "invalid_blocks"}]
    with pytest.raises(MessageRefused, match="invalid_blocks"):
        send()
    assert workspace.keys() == [ALL[0], *ALL[2:]]
    send(1)
    assert sorted(workspace.keys()) == sorted(ALL)


@pytest.mark.parametrize(
    "error", ["channel_not_found", "not_in_channel", "token_revoked", "invalid_auth", "msg_too_long", "invalid_blocks"]
)
def test_a_message_that_is_refused_leaves_nothing_behind(send: Sender, workspace: Workspace, error: str) -> None:
    workspace.scripts[POST] = [{"ok": False, "error": error}]
    with pytest.raises(MessageRefused, match=error):
        send()
    assert workspace.posted == []
    assert send.ledger.messages() == []
    send()
    assert workspace.keys() == ALL


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_thread_whose_message_was_deleted_ends(send: Sender, workspace: Workspace, after: int) -> None:
    workspace.scripts[POST] = [*[OK] * after, Response("", 429, {"Retry-After": "99"})]
    with pytest.raises(MessageUndelivered):
        send()
    workspace.deleted.add("1.000000")
    send(1)
    assert workspace.keys() == ALL[:after]
    asked = len(workspace.calls)
    assert send(10) is None
    assert len(workspace.calls) == asked
    assert [row["message_key"] for row in send.ledger.messages() if not row["sent_at"]] == []


def test_a_thread_that_is_gone_while_it_is_searched_ends_too(send: Sender, workspace: Workspace) -> None:
    with dying_at(Step.REPLY_POSTED):
        send()
    workspace.deleted.add("1.000000")
    assert send(10) is None
    assert workspace.keys() == ALL[:2]


def test_two_senders_at_once_send_it_once(send: Sender, workspace: Workspace) -> None:
    errors: list[MessageUndelivered] = []

    class Second(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            if record.getMessage() in (Step.MESSAGE_CLAIMED.value, Step.REPLY_CLAIMED.value):
                with pytest.raises(MessageUndelivered) as raised:
                    send(0.1)
                errors.append(raised.value)
            return True

    logger, second = logging.getLogger("mlspend.steps"), Second()
    logger.addHandler(second)
    logger.setLevel(logging.DEBUG)
    try:
        send()
    finally:
        logger.removeHandler(second)
    assert workspace.keys() == ALL
    assert len(errors) == 4


# The chart


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (UP, MISSING),
        (UP, {"ok": False, "error": "invalid_auth"}),
        (DONE, {"ok": False, "error": "storage_limit_reached"}),
        (POST, {"ok": False, "error": "restricted_action"}),
    ],
)
def test_a_chart_that_is_refused_keeps_nothing_back(
    send: Sender, workspace: Workspace, step: str, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    workspace.scripts[step] = [*[OK] * (3 if step == POST else 0), fault]
    assert send() == "CMLSPEND00/1.000000"
    assert workspace.keys() == ALL[:3]
    assert fault["error"] in caplog.text
    # Once somebody has mended it, the next run brings it.
    assert send(1) == "CMLSPEND00/1.000000"
    assert workspace.keys() == ALL


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (UP, Response("", 500)),
        (UP, {"ok": False, "error": "internal_error"}),
        (UP, Response("", 429, {"Retry-After": "3600"})),
        (UP, {"ok": True}),
        ("upload", Response("", 500)),
        ("upload", Response("", 403)),
        ("upload", Response("", 204)),
        (DONE, Response("", 503)),
        (DONE, {"ok": False, "error": "internal_error"}),
        (DONE, {"ok": True, "files": []}),
        (DONE, lost()),
        (DONE, Response("", 429, {"Retry-After": "3600"})),
    ],
)
def test_a_chart_that_could_not_be_uploaded_follows_at_the_next_try_once(
    send: Sender, workspace: Workspace, step: str, fault: Any
) -> None:
    workspace.scripts[step] = [fault]
    with pytest.raises(MessageUndelivered, match=r"spend-2026-W43\.png"):
        send()
    assert workspace.keys() == ALL[:3]
    send()
    assert workspace.keys() == ALL
    assert send(10) is None


@pytest.mark.parametrize("step", [UP, DONE])
def test_a_rate_limit_on_the_upload_is_waited_out(send: Sender, workspace: Workspace, step: str) -> None:
    workspace.scripts[step] = [Response("", 429, {"Retry-After": "0"})]
    send()
    assert workspace.keys() == ALL
    assert len(workspace.files) == 1


@pytest.mark.parametrize("path", [UP, "upload/", DONE])
@pytest.mark.parametrize("deed", [hang_up(), reset_half_way(), keep_silent_after_asking()])
def test_a_line_that_is_lost_at_any_step_of_the_upload_shows_the_chart_once(
    send: Sender, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, path: str, deed: Deed
) -> None:
    monkeypatch.setattr(slack_api, "_SECONDS", 1)
    with fault_proxy(workspace.url) as proxy:
        url = workspace.url
        workspace.url, workspace.upload_base = f"{proxy.address}/api/", proxy.address
        proxy.fail(deed, path=path, method="POST", times=1)
        with pytest.raises(MessageUndelivered, match=r"spend-2026-W43\.png"):
            send()
        workspace.url = url
        send()
    assert workspace.keys() == ALL


def test_slack_is_given_time_to_scan_the_chart(send: Sender, workspace: Workspace) -> None:
    workspace.refusals_until_scanned = 3
    send()
    assert workspace.keys() == ALL
    assert len(workspace.files) == 1


def test_a_chart_that_slack_does_not_get_done_with_is_left_for_later(send: Sender, workspace: Workspace) -> None:
    workspace.refusals_until_scanned = 4
    with pytest.raises(MessageUndelivered, match="15 seconds after"):
        send()
    assert workspace.keys() == ALL[:3]
    send()
    assert workspace.keys() == ALL


def test_the_name_of_the_chart_is_a_file_name_and_long_words_for_it_are_shown_below_it(
    send: Sender, workspace: Workspace
) -> None:
    chart = Chart(PNG, "<!channel> ../é\n.png", "Cost", "x" * 2_000 + "and more")
    send(message=Message("#ml-spend", KEY, "ML spend", MESSAGE.blocks, chart=chart))
    assert [file.name for file in workspace.files.values()] == ["_channel_.._é_.png"]
    image, below = workspace.posted[1]["blocks"]
    assert image["alt_text"] == "x" * 2_000
    assert below["elements"][0]["text"] == "and more"


def test_of_a_message_without_thread_nothing_is_looked_up(send: Sender, workspace: Workspace) -> None:
    message = Message("#ml-spend", KEY, "ML spend", MESSAGE.blocks)
    assert send(message=message) == "CMLSPEND00/1.000000"
    assert send(10, message) is None
    assert workspace.calls == [POST]


def test_what_has_no_room_goes_on_in_the_thread_before_the_replies(send: Sender, workspace: Workspace) -> None:
    blocks = [part.context(f"line {number}") for number in range(120)]
    send(message=Message("#ml-spend", KEY, "ML spend", blocks, (Reply("Movers", words("the movers")),)))
    assert [len(message["blocks"]) for message in workspace.posted] == [50, 50, 20, 1]
    assert workspace.keys() == [KEY, *(f"{KEY}/reply/{number}" for number in (1, 2, 3))]
    assert [message["text"] for message in workspace.posted] == [*["ML spend"] * 3, "Movers"]
