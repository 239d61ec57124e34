"""The few block parts that messages are made of. Words from outside stand only where Slack reads no markup.

Rich text, raw text cells and plain text are shown as they are: `<!channel>`, links and asterisks in a tag stay text.
Only the fallback line (notifications, screen readers) is read as mrkdwn, so it alone is escaped.
Limits: https://docs.slack.dev/reference/block-kit/blocks, read November 2026: 50 blocks in a message, 150 characters in
a header, 3,000 in a text, one table in a message with 100 rows and 10,000 characters in all its cells. A message of
about 13,000 characters in all is refused, too: https://github.com/slackapi/bolt-js/issues/2509.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from slack_sdk.models.blocks import (
    ContextBlock,
    PlainTextObject,
    RawTextObject,
    RichTextElementParts,
    RichTextListElement,
    RichTextSectionElement,
)

from mlspend.core import wording

HEADER_LENGTH = 150
# What of all that a person still reads, and well below what fills a message.
TABLE_ROWS = 40
_NAME_LENGTH = 40
_SENTENCE_LENGTH = 240
_NAMES_LISTED = 10

_EMOJI = re.compile(r":(?=[\w+'-]*[a-z][\w+'-]*:)")

Line = Sequence[RichTextElementParts.Text]


def escape(words: str) -> str:
    r"""Return text as mrkdwn shows it unchanged, save for emphasis, which our messages switch off (`mrkdwn` false).

    What would be the name of an emoji gets an invisible character, for it cannot be escaped.
    https://docs.slack.dev/messaging/formatting-message-text#escaping

    >>> escape("<!channel> & co"), escape(":tada: at 08:30:15")
    ('&lt;!channel&gt; &amp; co', ':\u200btada: at 08:30:15')
    """
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EMOJI.sub(":\u200b", words)


def name(words: str) -> str:
    """Return a name from a tag or the configuration, fit to stand in a line."""
    return wording.one_line(words, _NAME_LENGTH)


def sentence(words: str) -> str:
    """Return a sentence from outside as one line, long enough to be one."""
    return wording.one_line(words, _SENTENCE_LENGTH)


def listed(names: Iterable[str]) -> str:
    """Return names with commas between, the tail of a long list counted.

    >>> listed(str(number) for number in range(12))
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more'
    """
    cleaned = [name(each) for each in names]
    more = len(cleaned) - _NAMES_LISTED
    return ", ".join(cleaned[:_NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def text(words: str, *, bold: bool = False) -> RichTextElementParts.Text:
    """Return a run of rich text."""
    return RichTextElementParts.Text(text=words, style={"bold": True} if bold else None)


class Punctuation(Protocol):
    """How a language sets the sign between a label and what is said of it."""

    colon: str


def labelled(label: str, words: str, language: Punctuation | None = None) -> Line:
    """Return a line with its subject in bold."""
    return [text(f"{label}{language.colon if language else ': '}", bold=True), text(words)]


def lines(several: Iterable[Line]) -> Line:
    """Return several lines as one paragraph."""
    return [part for number, line in enumerate(several) for part in ([text("\n"), *line] if number else line)]


def section(parts: Line) -> RichTextSectionElement:
    """Return a paragraph of rich text; Slack refuses empty runs, so they are left out."""
    return RichTextSectionElement(elements=[part for part in parts if part.text])


def bullets(items: Iterable[Line]) -> RichTextListElement:
    """Return a bullet list."""
    return RichTextListElement(style="bullet", elements=[section(line) for line in items])


def cell(words: str) -> RawTextObject:
    """Return a table cell."""
    return RawTextObject(text=words)


def plain(words: str) -> PlainTextObject:
    """Return text in which not even emoji names are read."""
    return PlainTextObject(text=words, emoji=False)


def context(words: str) -> ContextBlock:
    """Return a small grey line."""
    return ContextBlock(elements=[plain(words)])
