"""Text from tags and configuration stays text, whichever message it stands in and wherever in it.

Slack reads markup in mrkdwn objects and markdown blocks alone, and emoji names where `emoji` is true:
https://docs.slack.dev/messaging/formatting-message-text. A new builder of messages gets a line in MESSAGES.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.blocks import RichTextBlock

from mlspend.adapters.alerting import alert_message
from mlspend.adapters.digests import digest_message, withheld_message
from mlspend.adapters.messages import chart_upload, slack, splitting
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.adapters.messages.message import Chart, Message
from mlspend.adapters.messages.slack import Posted
from mlspend.core import wording
from mlspend.core.alerts import Alert, Candidate
from mlspend.core.digest import Audience
from mlspend.core.gates import RedGate
from mlspend.core.interactions import mark_decided, read_click
from mlspend.core.weeks import Week
from tests.handmade_digest import make_digest, spend
from tests.slack_clicks import ALERT_ID, click

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOSTILE = [
    "<!channel>",
    "<!subteam^S1>",
    "<@U1>",
    "<#C1>",
    "<https://evil.example|click>",
    "https://evil.example",
    "*bold* _italic_ ~struck~",
    "`code` ```block```",
    "> quoted",
    ":tada:",
    "@here @channel",
    "&lt;!channel&gt;",
    "\u202e\u2066gnihton",
    "first\nsecond\r\nthird",
    '"value": {"type": "mrkdwn"}',
]


def of_digest(text: str) -> dict[str, Any]:
    digest = make_digest((spend(text, text, "5", "3"),), company=text, teams=(text,), warned=(text,))
    return as_one(digest_message.compose(digest))


def of_notice(text: str) -> dict[str, Any]:
    gate = RedGate(text, "2026-10", "schema", NOW, (text,), NOW)
    return as_one(withheld_message.compose(text, Audience("team", "#c", (text,)), Week.parse("2026-W43"), [gate], NOW))


def as_one(message: Message) -> dict[str, Any]:
    """The message with its thread."""
    blocks = [*message.blocks, *(block for reply in message.replies for block in reply.blocks)]
    return slack.compose("#c", message.text, blocks, key="k")


def hostile_alert(text: str) -> Alert:
    found = Candidate(
        kind="anomaly",
        parts=(text,),
        level="critical",
        scope=text,
        title=text,
        since=NOW,
        facts=(("Project", text),),
        rule=text,
        advice=wording.one_line(text, 200),
        team=text,
        is_urgent=True,
    )
    # Who decided is written in letters, whatever they call themselves in Slack: tests/core/test_interactions.py.
    return Alert(found, opened_at=NOW, seen_at=NOW, state="acknowledged", state_by="ada (U1)", state_at=NOW)


def of_alert(text: str) -> dict[str, Any]:
    alert = hostile_alert(text)
    blocks = alert_message.render(alert, by=text)
    call = {"type": "broadcast", "range": "channel"}
    # It calls the channel by an element of its own, which no text can become.
    assert [each for each in objects([block.to_dict() for block in blocks]) if each.get("type") == "broadcast"] == [
        call
    ]
    return slack.compose("#c", part.escape(alert_message.title(alert)), blocks, key="k")


def of_ended_alert(text: str) -> dict[str, Any]:
    alert = hostile_alert(text)
    blocks = alert_message.render_end(alert, NOW)
    return slack.compose("#c", part.escape(alert_message.title(alert, is_end=True)), blocks, key="k")


def of_alert_summary(text: str) -> dict[str, Any]:
    alerts = [hostile_alert(text)] * 2
    blocks = alert_message.render_summary(alerts)
    return slack.compose("#c", part.escape(alert_message.summary_title(alerts)), blocks, key="k")


def of_chart(text: str) -> dict[str, Any]:
    return chart_upload.compose(Chart(b"", "a.png", text, text), Posted("C1", "1.0"), "k", "F0000000001")


def of_decision(text: str) -> dict[str, Any]:
    clicked = read_click(click())
    assert clicked
    return {"text": part.escape(text), "blocks": mark_decided(clicked, text)}


def of_parts(text: str) -> dict[str, Any]:
    """Every part that messages are made of, cut where it is long."""
    blocks = [
        part.context(text),
        RichTextBlock(elements=[part.section(part.labelled(text, text)), part.bullets([[part.text(text)]])]),
        alert_buttons(ALERT_ID),
    ]
    (fitted,) = splitting.fit(blocks)
    return slack.compose("#c", part.escape(text), fitted, key="k")


MESSAGES: list[Callable[[str], dict[str, Any]]] = [
    of_digest,
    of_notice,
    of_alert,
    of_ended_alert,
    of_alert_summary,
    of_chart,
    of_decision,
    of_parts,
]
PLAIN = {"text", "plain_text", "raw_text"}


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("build", MESSAGES, ids=lambda build: build.__name__)
def test_text_stays_text(build: Callable[[str], dict[str, Any]], text: str) -> None:
    message = build(text)
    for each in objects(message["blocks"]):
        # Nothing of a message is a link, a mention or an emoji, and no text is read as markup.
        if isinstance(each.get("text"), str):
            assert each["type"] in PLAIN
            assert each["type"] != "plain_text" or each["emoji"] is False
        assert not {"url", "user_id", "usergroup_id", "image_url"} & each.keys()
        assert re.fullmatch(r"alert:[0-9a-f]{12}", each.get("value", f"alert:{ALERT_ID}"))
    # The line that notifications show is mrkdwn; emphasis in it is switched off.
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", message["text"])
    assert not re.search(r":[a-z]+:", message["text"])
    assert message.get("mrkdwn", False) is False
    assert (message.get("parse", "none"), message.get("link_names", False)) == ("none", False)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_hostile_text_is_really_there(text: str) -> None:
    """Else the test above would prove nothing: it is shown as it was written, but for what is invisible."""
    visible = " ".join(re.sub(r"[\u202e\u2066]", " ", text).split())[:30]
    for build in MESSAGES[:2]:
        shown = [each["text"] for each in objects(build(text)["blocks"]) if isinstance(each.get("text"), str)]
        assert any(visible in each for each in shown), build.__name__
        assert not any(mark in each for mark in "\u202e\u2066" for each in shown)
