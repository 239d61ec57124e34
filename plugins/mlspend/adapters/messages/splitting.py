"""Blocks of any length as messages that Slack takes: nothing is cut away, what has no room goes on in the next one.

Limits: https://docs.slack.dev/reference/block-kit/blocks, read November 2026. It knows the block types our messages
use; another one is an error, so that no message leaves that was not measured.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from slack_sdk.models.blocks import Block

Json = dict[str, Any]
_Piece = TypeVar("_Piece")

BLOCKS = 50
HEADER = 150
# Of a text object; nothing is documented for rich text, so it keeps to the same.
TEXT = 3_000
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
TABLE_ROWS = 100
TABLE_TEXT = 10_000
# A message is refused (msg_blocks_too_long) from 13,297 characters on, and each further block takes 125 of them:
# https://github.com/slackapi/bolt-js/issues/2509
MESSAGE = 13_000
BLOCK_COST = 125


def fit(blocks: Sequence[Block]) -> list[list[Json]]:
    """Return the blocks, in order, as one or more messages that are each within Slack's limits."""
    messages: list[list[Json]] = [[]]
    for block in blocks:
        # Not `to_dict`: that refuses what is too long, which is what we are here for.
        whole = block.get_non_null_attributes()
        for number, piece in enumerate(_cut(whole)):
            if number and "block_id" in piece:
                piece = {**piece, "block_id": f"{piece['block_id'][:240]}_cut{number}"}
            if not _has_room(messages[-1], piece):
                messages.append([])
            messages[-1].append(piece)
    return messages


def size(node: Any) -> int:
    """Return how many characters of text a block, or a part of one, shows."""
    if isinstance(node, dict):
        own = sum(len(node[name]) for name in ("text", "alt_text") if isinstance(node.get(name), str))
        return own + sum(size(value) for value in node.values() if not isinstance(value, str))
    return sum(map(size, node)) if isinstance(node, list) else 0


def _has_room(message: Sequence[Json], piece: Json) -> bool:
    if not message:
        return True
    if piece["type"] == "table" and any(each["type"] == "table" for each in message):
        return False
    total = sum(size(each) + BLOCK_COST for each in message) + size(piece) + BLOCK_COST
    return len(message) < BLOCKS and total <= MESSAGE


def _cut(block: Json) -> Iterator[Json]:
    cutters: dict[str, Callable[[Json], Iterator[Json]]] = {
        "header": _cut_header,
        "context": _cut_context,
        "divider": _whole,
        "image": _whole,
        "rich_text": _cut_rich_text,
        "table": _cut_table,
        "actions": _cut_actions,
    }
    if block["type"] not in cutters:
        raise ValueError(f"the limits of Slack's block type {block['type']!r} are not known: add it to splitting.py")
    return cutters[block["type"]](block)


def _whole(block: Json) -> Iterator[Json]:
    yield block


def _cut_header(block: Json) -> Iterator[Json]:
    words = block["text"]["text"]
    if len(words) <= HEADER:
        yield block
        return
    yield {**block, "text": {**block["text"], "text": f"{words[: HEADER - 1]}…"}}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": words, "style": {"bold": True}}]}
    name = {"block_id": block["block_id"]} if "block_id" in block else {}
    yield from _cut_rich_text({"type": "rich_text", **name, "elements": [section]})


def _cut_context(block: Json) -> Iterator[Json]:
    pieces = [
        {**element, "text": words} for element in block["elements"] for words in _cut_words(element["text"], TEXT)
    ]
    for group in _groups(pieces, CONTEXT_ELEMENTS, TEXT):
        yield {**block, "elements": group}


def _cut_actions(block: Json) -> Iterator[Json]:
    for group in _groups(block["elements"], ACTION_ELEMENTS, MESSAGE):
        yield {**block, "elements": group}


def _cut_rich_text(block: Json) -> Iterator[Json]:
    pieces = [piece for element in block["elements"] for piece in _cut_element(element)]
    for group in _groups(pieces, BLOCKS, TEXT):
        yield {**block, "elements": group}


def _cut_element(element: Json) -> Iterator[Json]:
    if element["type"] == "rich_text_list":
        items = [piece for item in element["elements"] for piece in _cut_element(item)]
        for group in _groups(items, BLOCKS, TEXT):
            yield {**element, "elements": group}
        return
    runs = [
        {**run, "text": words} if "text" in run else run
        for run in element["elements"]
        for words in (_cut_words(run["text"], TEXT) if "text" in run else [""])
    ]
    for group in _groups(runs, BLOCKS, TEXT):
        yield {**element, "elements": group}


def _cut_table(block: Json) -> Iterator[Json]:
    head, *body = block["rows"]
    # A head that fills the table would leave no room for what it heads.
    repeated = [head] if size(head) <= TABLE_TEXT // 10 else []
    room = TABLE_TEXT - size(repeated)
    rows = [piece for row in ([] if repeated else [head]) + body for piece in _cut_row(row, room)]
    if not rows:
        yield block
    for group in _groups(rows, TABLE_ROWS - len(repeated), room):
        yield {**block, "rows": [*repeated, *group]}


def _cut_row(row: list[Json], room: int) -> Iterator[list[Json]]:
    if size(row) <= room and all(size(cell) <= TEXT for cell in row):
        yield row
        return
    # As many rows as the longest cell needs, each cell going on below itself.
    width = min(room // len(row), TEXT)
    cells = [_cut_cell(cell, width) for cell in row]
    for number in range(max(map(len, cells))):
        yield [cell[number] if number < len(cell) else {"type": "raw_text", "text": " "} for cell in cells]


def _cut_cell(cell: Json, width: int) -> list[Json]:
    if cell["type"] == "raw_text":
        return [{**cell, "text": words} for words in _cut_words(cell["text"], width)]
    runs = [
        {**run, "text": words}
        for element in cell["elements"]
        for run in element["elements"]
        for words in _cut_words(run["text"], width)
    ]
    return [
        {**cell, "elements": [{"type": "rich_text_section", "elements": group}]}
        for group in _groups(runs, BLOCKS, width)
    ]


def _cut_words(words: str, longest: int) -> list[str]:
    """Return the words in pieces, cut at a blank where there is one in the last fifth.

    >>> _cut_words("aaaa bbbb cccc", 10), _cut_words("aaaaaaaa", 3), _cut_words("", 3)
    (['aaaa bbbb ', 'cccc'], ['aaa', 'aaa', 'aa'], [''])
    """
    pieces = []
    while len(words) > longest:
        blank = words.rfind(" ", longest - longest // 5, longest)
        end = blank + 1 if blank > 0 else longest
        pieces.append(words[:end])
        words = words[end:]
    return [*pieces, words] if words or not pieces else pieces


def _groups(pieces: Sequence[_Piece], most: int, longest: int) -> Iterator[list[_Piece]]:
    """Yield the pieces in order, at most `most` together and at most `longest` characters, but always one."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and (len(group) == most or size(group) + size(piece) > longest):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group
