"""Text from tags and configuration stays text, whichever message it stands in and wherever in it.

Slack reads markup in mrkdwn objects and markdown blocks alone, and emoji names where `emoji` is true:
https://docs.slack.dev/messaging/formatting-message-text. A new builder of messages gets a line in MESSAGES.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.models.blocks import RichTextBlock

from mlspend.adapters.alerting import freshness_message
from mlspend.adapters.digests import slack_blocks
from mlspend.adapters.messages import chart_upload, slack, splitting
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.adapters.messages.message import Chart
from mlspend.adapters.messages.slack import Posted
from mlspend.core.freshness import Freshness
from mlspend.core.interactions import mark_decided, read_click
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
    return slack.compose("#c", slack_blocks.fallback_text(digest), slack_blocks.render(digest), key="k")


def of_freshness(text: str) -> dict[str, Any]:
    late = Freshness(
        source=text,
        level="critical",
        rhythm=timedelta(hours=24),
        last_delivered_at=NOW,
        since=NOW,
        age=timedelta(hours=40),
        overdue=timedelta(hours=16),
        looked_at=NOW,
        failed=0,
    )
    blocks = freshness_message.render(late, "critical")
    return slack.compose("#c", freshness_message.fallback_text(late, "critical"), blocks, key="k")


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


MESSAGES: list[Callable[[str], dict[str, Any]]] = [of_digest, of_freshness, of_chart, of_decision, of_parts]
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
        assert each.get("value", f"alert:{ALERT_ID}") == f"alert:{ALERT_ID}"
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
        # The name of a source is not from a tag: the configuration admits letters, digits and _ only.
        assert build is of_freshness or not any(mark in each for mark in "\u202e\u2066" for each in shown)
