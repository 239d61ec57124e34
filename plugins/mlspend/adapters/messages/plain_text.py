"""A message as plain text, for an e-mail or a terminal: the same blocks, with nothing but words and spaces."""

import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Json = dict[str, Any]

# RFC 2822 recommends at most 78 characters; tables may be wider, as cutting them would cut amounts.
_WIDTH = 76


def render(blocks: Sequence[Json], replies: Sequence[Sequence[Json]] = ()) -> str:
    """Return the text of a message and of its thread; buttons and pictures are left out."""
    parts = [_blocks(blocks), *(_blocks(reply) for reply in replies)]
    return f"\n\n{'-' * _WIDTH}\n\n".join(part for part in parts if part) + "\n"


def _blocks(blocks: Sequence[Json]) -> str:
    return "\n\n".join(text for block in blocks if (text := _block(block)))


def _block(block: Json) -> str:
    writers: dict[str, Callable[[Json], str]] = {
        "header": lambda block: _underlined(block["text"]["text"]),
        "context": lambda block: "\n".join(_wrapped(each["text"]) for each in block["elements"]),
        "divider": lambda _: "-" * _WIDTH,
        "rich_text": lambda block: "\n".join(_rich_text(element) for element in block["elements"]),
        "table": _table,
        # Neither can be used in plain text.
        "actions": lambda _: "",
        "image": lambda _: "",
    }
    if block["type"] not in writers:
        raise ValueError(f"plain text does not know Slack's block type {block['type']!r}: add it to plain_text.py")
    return writers[block["type"]](block)


def _rich_text(element: Json) -> str:
    if element["type"] == "rich_text_list":
        return "\n".join(_wrapped(_words(item), "  - ", "    ") for item in element["elements"])
    return "\n".join(_wrapped(line) for line in _words(element).split("\n"))


def _words(node: Json) -> str:
    if node["type"] == "broadcast":
        return ""
    return str(node["text"]) if "text" in node else "".join(_words(each) for each in node["elements"])


def _underlined(text: str) -> str:
    wrapped = _wrapped(text)
    return f"{wrapped}\n{'=' * max(map(_columns, wrapped.splitlines()), default=0)}"


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    # Amounts hold non-breaking spaces, at which textwrap does not break.
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _table(block: Json) -> str:
    rows = [[_words(cell) for cell in row] for row in block["rows"]]
    right = [(settings or {}).get("align") == "right" for settings in block.get("column_settings") or []]
    right += [False] * (len(rows[0]) - len(right))
    widths = [max(_columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_row(row, widths, right) for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(_padded(cells, widths, right)).rstrip()


def _padded(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _columns(cell))
        yield space + cell if is_right else cell + space


def _columns(text: str) -> int:
    """Return how many columns of a fixed-width font a text takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
