"""What lies in the outbox: exactly what Slack would be sent, and a page that shows the same and nothing else."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.digests import digest_message
from mlspend.adapters.messages import chart_upload, message_page, outbox, slack
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.adapters.messages.message import Chart
from mlspend.core.digest import Digest
from mlspend.core.errors import DiskFull
from tests.handmade_digest import SPEND, make_digest, spend

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">" \' & $title ${blocks}'
# Elements that stay open in HTML.
_VOID = {"meta", "br", "hr", "img"}


class Page(HTMLParser):
    """A page as a reader meets it; complains of tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def payload_of(digest: Digest, channel: str = "#ml-spend") -> dict[str, Any]:
    """The message and its thread as one, so that every kind of block is on the page."""
    message = digest_message.compose(digest)
    blocks = [*message.blocks, *(block for reply in message.replies for block in reply.blocks)]
    return slack.compose(channel, message.text, blocks, key="k")


def texts_in(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() if not isinstance(value, str) for text in texts_in(value)]
    return [text for value in node for text in texts_in(value)] if isinstance(node, list) else []


def test_the_json_is_the_payload_and_the_page_stands_beside_it(tmp_path: Path) -> None:
    payload = payload_of(make_digest())
    page = outbox.write(tmp_path / "outbox", "2026-W43", payload)
    assert page == tmp_path / "outbox" / "2026-W43" / "ml-spend.html"
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8")) == payload
    assert sorted(path.name for path in page.parent.iterdir()) == ["ml-spend.html", "ml-spend.json"]


def test_a_channel_is_no_path(tmp_path: Path) -> None:
    page = outbox.write(tmp_path, "2026-W43", payload_of(make_digest(), channel="#../../x/é y"))
    assert page.parent == tmp_path / "2026-W43"
    assert page.name == ".._.._x_é_y.html"


def test_a_write_that_fails_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = outbox.write(tmp_path, "2026-W43", payload_of(make_digest()))
    before = page.read_bytes()

    def no_space(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox.os, "fsync", no_space)
    with pytest.raises(DiskFull, match="No space left"):
        outbox.write(tmp_path, "2026-W43", payload_of(make_digest(SPEND[:1])))
    assert page.read_bytes() == before
    assert sorted(path.name for path in page.parent.iterdir()) == ["ml-spend.html", "ml-spend.json"]


def test_the_page_shows_every_word_of_the_blocks() -> None:
    payload = payload_of(make_digest())
    shown = Page(message_page.render(payload)).text
    for text in texts_in(payload["blocks"]):
        assert " ".join(text.split()) in shown


def test_a_tag_stays_text_on_the_page() -> None:
    digest = make_digest((spend(HOSTILE, HOSTILE, "5", "3"),), company=HOSTILE, teams=(HOSTILE,))
    page = Page(message_page.render(payload_of(digest, channel=HOSTILE)))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert '<script>alert(1)</script><img src=x onerror="alert(1)' in page.text


def test_the_page_needs_nothing_from_outside() -> None:
    html = message_page.render(payload_of(make_digest()))
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name in ("src", "href", "srcset")]
    assert not re.search(r"url\(|@import|https?:", html)
    (policy,) = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "src" in value]
    assert policy.startswith("default-src 'none'")


def test_the_page_can_be_read_on_a_phone_in_the_dark_and_aloud() -> None:
    html = message_page.render(payload_of(make_digest()))
    page = Page(html)
    assert ("html", "lang", "en") in page.attributes
    assert ("meta", "content", "width=device-width, initial-scale=1") in page.attributes
    assert ("meta", "content", "light dark") in page.attributes
    assert "prefers-color-scheme: dark" in html
    assert (page.tags.count("main"), page.tags.count("h1"), page.tags.count("table")) == (1, 1, 1)
    # Four columns; three projects and the total.
    assert page.attributes.count(("th", "scope", "col")) == 4
    assert page.attributes.count(("th", "scope", "row")) == 4


def test_a_block_the_page_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="'video'"):
        message_page.render({"channel": "#c", "blocks": [{"type": "video"}]})


def test_the_page_shows_buttons_and_chart_and_their_words_stay_text() -> None:
    chart = Chart(b"png", "a.png", HOSTILE, HOSTILE)
    payload = slack.compose("#c", "x", [alert_buttons("a1")], key="k")
    thread = [
        slack.compose("", "x", [part.context(HOSTILE)], key="k/reply/1"),
        chart_upload.compose(chart, None, "k", "F1"),
    ]
    html = message_page.render(payload, thread, chart)
    page = Page(html)
    assert "script" not in page.tags
    assert page.tags.count("button") == 4
    for label in ("Acknowledge", "Snooze", "Not mine", "Approve", "In the thread below it"):
        assert label in page.text
    assert page.attributes.count(("button", "disabled", "")) == 4
    assert ("img", "src", "data:image/png;base64,cG5n") in page.attributes
    assert [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")] == [HOSTILE]
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.tags.count("section") == 2
    (policy,) = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "src" in value]
    assert "img-src data:" in policy
