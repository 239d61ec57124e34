"""The outbox: each message as it would be sent, as JSON and as a page to look at, where no Slack token is set."""

import json
import os
import re
from pathlib import Path
from typing import Any

from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.messages import message_page


def write(outbox: Path, folder: str, payload: dict[str, Any]) -> Path:
    """Write <folder>/<channel>.json, exactly what Slack would be sent, and the page .html; return the page's path.

    Each file is replaced in one step: a reader sees the old one or the new one.
    """
    stem = outbox / folder / (re.sub(r"[^\w.-]+", "_", payload["channel"].removeprefix("#")) or "_")
    page = stem.with_name(f"{stem.name}.html")
    with disk_errors(outbox, f"writing the message for {payload['channel']}"):
        stem.parent.mkdir(parents=True, exist_ok=True)
        _replace(stem.with_name(f"{stem.name}.json"), json.dumps(payload, indent=2, ensure_ascii=False) + "\n")
        _replace(page, message_page.render(payload))
    return page


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
