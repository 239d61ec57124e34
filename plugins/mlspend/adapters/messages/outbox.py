"""The outbox: each message as it would be sent, as JSON and as a page to look at, where no Slack token is set."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.messages import message_page
from mlspend.adapters.messages.message import Chart


def write(
    outbox: Path,
    folder: str,
    payload: dict[str, Any],
    thread: Sequence[dict[str, Any]] = (),
    chart: Chart | None = None,
) -> Path:
    """Write <folder>/<channel>.json, exactly what Slack would be sent, and the page .html; return the page's path.

    A message with a thread has <channel>.thread.json beside it, the list of its replies (each gets its `thread_ts` and
    the channel's id when it is sent), one with a chart <channel>.png.
    Each file is replaced in one step: a reader sees the old one or the new one.
    """
    stem = outbox / folder / (re.sub(r"[^\w.-]+", "_", payload["channel"].removeprefix("#")) or "_")
    page = stem.with_name(f"{stem.name}.html")
    files = {
        ".thread.json": _json(thread) if thread else None,
        ".png": chart.png if chart else None,
        ".json": _json(payload),
        ".html": message_page.render(payload, thread, chart).encode(),
    }
    with disk_errors(outbox, f"writing the message for {payload['channel']}"):
        stem.parent.mkdir(parents=True, exist_ok=True)
        for ending, content in files.items():
            path = stem.with_name(f"{stem.name}{ending}")
            if content is None:
                path.unlink(missing_ok=True)
            else:
                _replace(path, content)
    return page


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
