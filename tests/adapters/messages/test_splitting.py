"""Blocks of any length become messages that Slack takes, and nothing of them is lost."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    RichTextBlock,
    TableBlock,
    VideoBlock,
)

from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages import splitting
from mlspend.adapters.messages.buttons import alert_buttons
from tests.slack_workspace import violations

Json = dict[str, Any]


def rich(*texts: str) -> RichTextBlock:
    return RichTextBlock(block_id="rich", elements=[part.section([part.text(text) for text in texts])])


def cells_of(block: Json) -> Iterator[tuple[int, str]]:
    """The column and words of each cell below the head."""
    for row in block["rows"][1:]:
        for column, cell in enumerate(row):
            yield column, "".join(shown(cell))


def shown(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("text", "alt_text") and isinstance(value, str):
                yield value
            else:
                yield from shown(value)
    elif isinstance(node, list):
        for value in node:
            yield from shown(value)


def test_what_fits_stays_as_it_is() -> None:
    blocks: list[Block] = [HeaderBlock(text=part.plain("x" * 150)), rich("a", "b"), DividerBlock(), alert_buttons("a1")]
    assert splitting.fit(blocks) == [[block.to_dict() for block in blocks]]


def test_a_long_header_stands_whole_below_itself() -> None:
    header = HeaderBlock(text=part.plain("x" * 151))
    ((short, whole),) = splitting.fit([header])
    assert short["text"]["text"] == "x" * 149 + "…"
    assert list(shown(whole)) == ["x" * 151]


def test_the_51st_block_goes_into_the_next_message() -> None:
    first, second = splitting.fit([part.context(str(number)) for number in range(51)])
    assert (len(first), list(shown(second))) == (50, ["50"])


def test_a_text_is_cut_at_a_blank_where_there_is_one() -> None:
    text = "word " * 700
    pieces = [words for message in splitting.fit([rich(text)]) for words in shown(message)]
    assert [len(piece) for piece in pieces] == [3000, 500]
    assert "".join(pieces) == text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> TableBlock:
    return TableBlock(block_id="projects", rows=[[part.cell(words) for words in row] for row in (head, *rows)])


def test_a_long_table_goes_on_under_its_head() -> None:
    rows = [[f"project {number}", f"{number}.00"] for number in range(150)]
    first, second = splitting.fit([table(["Project", "Cost"], rows)])
    assert [len(each[0]["rows"]) for each in (first, second)] == [100, 52]
    assert all(list(shown(each[0]["rows"][0])) == ["Project", "Cost"] for each in (first, second))
    assert list(shown(second[0]["rows"][-1])) == ["project 149", "149.00"]


def test_two_tables_never_share_a_message() -> None:
    small = table(["a"], [["b"]])
    assert [len(message) for message in splitting.fit([small, DividerBlock(), small])] == [2, 1]


def test_a_block_that_is_not_known_is_an_error() -> None:
    video = VideoBlock(block_id="v", alt_text="a", title="t", thumbnail_url="https://a/b", video_url="https://a/c")
    with pytest.raises(ValueError, match="'video'"):
        splitting.fit([video])


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=40)
long_words = st.builds(lambda text, times: text * times, words, st.integers(1, 400))
texts = words | long_words
runs = st.lists(texts.map(part.text), min_size=1, max_size=8)

# No message text ends so, but for headers that were cut.
texts = texts.filter(lambda text: not text.endswith("…"))
small_contexts = st.integers(1, 300).map(lambda length: part.context("x" * length))


@st.composite
def tables(draw: st.DrawFn) -> TableBlock:
    columns = draw(st.integers(1, 4))
    head = draw(st.lists(words, min_size=columns, max_size=columns))
    row = draw(st.lists(texts, min_size=columns, max_size=columns))
    more = draw(st.lists(st.lists(words, min_size=columns, max_size=columns), max_size=3))
    bold = [RichTextBlock(elements=[part.section([part.text(each, bold=True)])]) for each in draw(st.just(row))]
    made = table(head, [*more * draw(st.integers(1, 60)), row])
    made.rows = [*made.rows, bold]
    return made


blocks = (
    st.builds(lambda text: HeaderBlock(text=part.plain(text)), texts)
    | st.builds(
        lambda several: ContextBlock(elements=[part.plain(each) for each in several]), st.lists(texts, min_size=1)
    )
    | st.builds(DividerBlock)
    | st.builds(lambda text: ImageBlock(image_url="https://a/b.png", alt_text=text), words)
    | st.builds(lambda parts: RichTextBlock(elements=[part.section(parts)]), runs)
    | st.builds(lambda items: RichTextBlock(elements=[part.bullets(items)]), st.lists(runs, min_size=1, max_size=12))
    | st.builds(alert_buttons, st.just("a1"))
    | tables()
)


def content(messages: Sequence[Sequence[Json]]) -> dict[tuple[str, int], str]:
    """What each block shows, and of a table each of its columns; without blanks, which fill the cells of a cut row.

    A table's head, where it is repeated, and the beginning of a long header, which stands whole below it, count once.
    """
    found: dict[tuple[str, int], str] = {}
    heads: dict[str, Any] = {}
    for block in (each for message in messages for each in message):
        name = block["block_id"].partition("_cut")[0]
        if block["type"] == "table":
            head, *rows = block["rows"]
            for column in range(len(head)):
                cells = [row[column] for row in (rows if heads.get(name) == head else block["rows"])]
                found[name, column] = found.get((name, column), "") + "".join(shown(cells))
            heads[name] = head
        elif not (block["type"] == "header" and block["text"]["text"].endswith("…")):
            found[name, 0] = found.get((name, 0), "") + "".join(shown(block))
    return {place: text.replace(" ", "") for place, text in found.items()}


@settings(deadline=None, max_examples=100)
@given(st.lists(blocks, min_size=1, max_size=12) | st.lists(st.builds(DividerBlock) | small_contexts, max_size=120))
def test_every_message_is_within_all_limits_and_nothing_is_lost(several: list[Block]) -> None:
    for number, block in enumerate(several):
        block.block_id = f"block{number}"
    messages = splitting.fit(several)
    for message in messages:
        assert list(violations({"blocks": message})) == []
    names = [block["block_id"].partition("_cut")[0] for message in messages for block in message]
    assert names == sorted(names, key=lambda name: int(name.removeprefix("block")))
    assert content(messages) == content([[block.get_non_null_attributes() for block in several]])
