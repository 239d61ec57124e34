"""A message's blocks as one HTML page with nothing outside it: for the outbox, readable on a phone and aloud.

It knows the block types our messages use; another one is an error, so that no part of a message goes missing unseen.
"""

import base64
import re
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from mlspend.adapters.messages.message import Chart

Json = dict[str, Any]


def render(payload: Json, thread: Sequence[Json] = (), chart: Chart | None = None) -> str:
    """Return the page of a chat.postMessage payload and of the replies below it; every text of it is escaped."""
    template = Template(files("mlspend.adapters.messages").joinpath("message_page.html").read_text(encoding="utf-8"))
    replies = "\n".join(f'<section class="reply">{_blocks(reply, chart)}</section>' for reply in thread)
    return template.substitute(
        title=escape(_title(payload)),
        channel=escape(payload["channel"]),
        blocks=_blocks(payload, chart),
        thread=f'<p class="channel">In the thread below it</p>\n{replies}' if thread else "",
    )


def _blocks(payload: Json, chart: Chart | None) -> str:
    return "\n".join(_block(block, chart) for block in payload["blocks"])


def _title(payload: Json) -> str:
    headers = [block["text"]["text"] for block in payload["blocks"] if block["type"] == "header"]
    return str(headers[0]) if headers else "Message"


def _block(block: Json, chart: Chart | None) -> str:
    writers: dict[str, Callable[[Json], str]] = {
        "header": lambda block: f"<h1>{escape(block['text']['text'])}</h1>",
        "context": lambda block: "".join(f"<p>{escape(each['text'])}</p>" for each in block["elements"]),
        "divider": lambda _: "<hr>",
        "rich_text": lambda block: "".join(_rich_text(element) for element in block["elements"]),
        "table": _table,
        "actions": _actions,
        "image": lambda block: _image(block, chart),
    }
    if block["type"] not in writers:
        raise ValueError(f"the page does not know Slack's block type {block['type']!r}: add it to message_page.py")
    # Our own block ids end in a number where a message holds several of a kind.
    kind = block.get("block_id", "").split("_")[0] or block["type"]
    return f'<div class="{escape(kind)}">{writers[block["type"]](block)}</div>'


def _actions(block: Json) -> str:
    """Return the buttons, which do nothing here."""
    return "".join(
        f'<button type="button" disabled>{escape(each["text"]["text"])}</button>' for each in block["elements"]
    )


def _image(block: Json, chart: Chart | None) -> str:
    """Return the chart within the page: a file that only Slack holds cannot be shown."""
    source = f' src="data:image/png;base64,{base64.b64encode(chart.png).decode()}"' if chart else ""
    title = f"<figcaption>{escape(block['title']['text'])}</figcaption>" if block.get("title") else ""
    return f'<figure>{title}<img{source} alt="{escape(block["alt_text"])}"></figure>'


def _rich_text(element: Json) -> str:
    if element["type"] == "rich_text_list":
        return "<ul>" + "".join(f"<li>{_runs(item)}</li>" for item in element["elements"]) + "</ul>"
    only = element["elements"][0] if len(element["elements"]) == 1 else {}
    if only.get("type") == "text" and only.get("style", {}).get("bold"):
        return f"<h2>{escape(only['text'])}</h2>"
    return f"<p>{_runs(element)}</p>"


def _runs(section: Json) -> str:
    return "".join(_run(run) for run in section["elements"])


def _run(run: Json) -> str:
    if run["type"] == "broadcast":
        return f"<strong>@{escape(run['range'])}</strong>"
    words = escape(run["text"]).replace("\n", "<br>")
    if direction := _direction(run["text"]):
        words = f'<span class="{direction}">{words}</span>'
    return f"<strong>{words}</strong>" if run.get("style", {}).get("bold") else words


def _direction(words: str) -> str:
    """Return `up` or `down` where the words begin with an arrow or a signed number."""
    if re.match(r"▲|\+\d", words):
        return "up"
    return "down" if re.match(r"▼|−\d", words) else ""


def _table(block: Json) -> str:
    aligned = [(settings or {}).get("align", "left") for settings in block.get("column_settings", [])]
    head, *body = block["rows"]
    label = escape(", ".join(_words(cell) for cell in head))
    rows = "".join(_row(cells, aligned) for cells in body)
    # A region that scrolls must be reachable by keyboard.
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<thead>{_row(head, aligned, scope='col')}</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(cells: list[Json], aligned: list[str], *, scope: str = "") -> str:
    kind = ' class="total"' if any(cell["type"] == "rich_text" for cell in cells) else ""
    written = [_cell(_words(cell), align, scope) for cell, align in zip(cells, aligned, strict=True)]
    if not scope:
        written[0] = _cell(_words(cells[0]), aligned[0], "row")
    return f"<tr{kind}>{''.join(written)}</tr>"


def _cell(words: str, align: str, scope: str) -> str:
    tag = f'th scope="{scope}"' if scope else "td"
    share = re.fullmatch(r"(\d+)[.,](\d)\s?%", words)
    style = f' style="--share:{min(float(f"{share[1]}.{share[2]}"), 100)}"' if share else ""
    classes = " ".join(filter(None, (align, "share" if share else _direction(words))))
    return f'<{tag} class="{classes}"{style}>{escape(words)}</{tag[:2]}>'


def _words(cell: Json) -> str:
    if cell["type"] == "raw_text":
        return str(cell["text"])
    return "".join(run["text"] for element in cell["elements"] for run in element["elements"])
