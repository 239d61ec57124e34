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

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.message import Chart, Message, Reply
from mlspend.core.errors import MessageUndelivered
from mlspend.core.steps import Step
from tests.slack_workspace import Workspace

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
            now=NOW + timedelta(minutes=minutes),
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
        with pytest.raises(MessageUndelivered, match="try again in 4 minutes"):
            send(1)
    send(10)
    assert workspace.keys() == ALL
    assert send(20) is None


def test_the_outbox_holds_the_thread_and_the_chart(home: Home, ledger: Ledger) -> None:
    written = sending.deliver(MESSAGE, home, ledger, kind="digest", since=NOW, now=NOW, token=None, base_url=None)
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
        page = sending.deliver(message, home, ledger, kind="digest", since=NOW, now=NOW, token=None, base_url=None)
    assert sorted(path.name for path in Path(str(page)).parent.iterdir()) == ["ml-spend.html", "ml-spend.json"]
