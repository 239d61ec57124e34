"""A Slack workspace on this machine: a server that speaks as much of Slack's Web API as our messages need.

It refuses what Slack refuses: messages beyond the limits of blocks, files that it has not scanned yet, threads that are
gone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


@dataclass
class File:
    """An uploaded file: `shown` is whether Slack has finished with it."""

    name: str
    length: int
    content: bytes = b""
    title: str = ""
    is_complete: bool = False


@dataclass(frozen=True)
class Taken:
    """A fault after the deed: what was asked is done, but this is answered."""

    answer: Response


class Workspace:
    """A Slack workspace that keeps what is posted.

    `faults` are answered instead, one for each post; `scripts` do the same for each method or `upload`, in turn: None
    (nothing happens), what to answer, or Taken.
    """

    def __init__(self, server: HTTPServer, channels: tuple[str, ...]) -> None:
        self.posted: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any] | None] = []
        self.scripts: dict[str, list[Mapping[str, Any] | Response | Taken | None]] = {}
        self.calls: list[str] = []
        self.files: dict[str, File] = {}
        self.deleted: set[str] = set()
        self.refusals_until_scanned = 0
        self.loses_answers = False
        self.url = server.url_for("/api/")
        self.upload_base = server.url_for("").rstrip("/")
        self._names = channels
        for method, answer in (
            ("chat.postMessage", self._post),
            ("conversations.list", self._list),
            ("conversations.history", self._history),
            ("conversations.replies", self._replies),
            ("files.getUploadURLExternal", self._begin_upload),
            ("files.completeUploadExternal", self._complete_upload),
        ):
            server.expect_request(f"/api/{method}").respond_with_handler(self._scripted(method, answer))
        upload = self._scripted("upload", self._take_file)
        server.expect_request(re.compile(r"/upload/F\d{10}")).respond_with_handler(upload)

    def channels(self) -> list[str]:
        """The channels that messages were posted to, in order."""
        return [message["channel"] for message in self.posted]

    def keys(self) -> list[str]:
        """The keys of what was posted, in order."""
        return [message["metadata"]["event_payload"]["key"] for message in self.posted]

    def _scripted(self, method: str, deed: Any) -> Any:
        def answer(request: Request) -> Response:
            self.calls.append(method)
            said = self.scripts[method].pop(0) if self.scripts.get(method) else None
            if isinstance(said, Taken):
                deed(request)
                return said.answer
            if isinstance(said, Response):
                return said
            return _answer(said) if said is not None else deed(request)

        return answer

    def _post(self, request: Request) -> Response:
        if self.faults and (fault := self.faults.pop(0)):
            return _answer(fault)
        message = request.get_json()
        if message.get("thread_ts") in self.deleted:
            return _answer({"ok": False, "error": "thread_not_found"})
        if wrong := list(violations(message)):
            error = "msg_blocks_too_long" if "too long" in wrong[0] else "invalid_blocks"
            return _answer({"ok": False, "error": error, "errors": wrong})
        for block in message.get("blocks", []):
            if block["type"] == "image" and not self._is_shown(block["slack_file"]["id"]):
                return _answer({"ok": False, "error": "invalid_blocks", "errors": ["invalid slack file"]})
        self.posted.append(message)
        if self.loses_answers:
            return Response("gateway timeout", 504)
        return _answer({"ok": True, "channel": _id(message["channel"]), "ts": f"{len(self.posted)}.000000"})

    def _is_shown(self, file_id: str) -> bool:
        if self.refusals_until_scanned:
            self.refusals_until_scanned -= 1
            return False
        return file_id in self.files and self.files[file_id].is_complete

    def _list(self, _request: Request) -> Response:
        return _answer({"ok": True, "channels": [{"id": _id(name), "name": name} for name in sorted(self._names)]})

    def _history(self, request: Request) -> Response:
        return _answer({"ok": True, "messages": self._found(_asked(request)["channel"], None)})

    def _replies(self, request: Request) -> Response:
        asked = _asked(request)
        if asked["ts"] in self.deleted:
            return _answer({"ok": False, "error": "thread_not_found"})
        return _answer({"ok": True, "messages": self._found(asked["channel"], asked["ts"])})

    def _found(self, channel: str, thread: str | None) -> list[dict[str, Any]]:
        return [
            {"ts": f"{number}.000000", "metadata": message["metadata"]}
            for number, message in enumerate(self.posted, 1)
            if _id(message["channel"]) == channel and message.get("thread_ts") == thread
        ]

    def _begin_upload(self, request: Request) -> Response:
        asked = _asked(request)
        file_id = f"F{len(self.files) + 1:010}"
        self.files[file_id] = File(asked["filename"], int(asked["length"]))
        return _answer({"ok": True, "file_id": file_id, "upload_url": f"{self.upload_base}/upload/{file_id}"})

    def _take_file(self, request: Request) -> Response:
        self.files[request.path.rpartition("/")[2]].content = request.get_data()
        return Response("OK", 200)

    def _complete_upload(self, request: Request) -> Response:
        asked = json.loads(_asked(request)["files"])
        for each in asked:
            file = self.files[each["id"]]
            if len(file.content) != file.length:
                return _answer({"ok": False, "error": "file_upload_size_restricted"})
            file.title, file.is_complete = each["title"], True
        return _answer({"ok": True, "files": asked})


def violations(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield what Slack would refuse of a message: https://docs.slack.dev/reference/block-kit/blocks."""
    blocks = payload.get("blocks", [])
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks"
    # https://github.com/slackapi/bolt-js/issues/2509: 13,297 characters, of which each further block takes 125.
    if (length := sum(map(_length, blocks)) + 125 * max(len(blocks) - 1, 0)) >= 13_297:
        yield f"too long: {length} characters"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)) or any(len(each) > 255 for each in ids):
        yield "block ids that are not unique, or too long"
    tables = [block for block in blocks if block["type"] == "table"]
    if len(tables) > 1:
        yield "more than one table"
    yield from (f"a {block['type']} that is too large" for block in blocks if _is_too_large(block))
    for text in _texts(blocks):
        if not 0 < len(text) <= 3_000:
            yield f"a text of {len(text)} characters"


def _is_too_large(block: Mapping[str, Any]) -> bool:
    if block["type"] == "header":
        return len(block["text"]["text"]) > 150
    if block["type"] == "table":
        is_ragged = len({len(row) for row in block["rows"]}) > 1
        return is_ragged or len(block["rows"]) > 100 or _length(block["rows"]) > 10_000
    if block["type"] == "rich_text":
        return _length(block) > 3_000
    return len(block.get("elements", ())) > {"context": 10, "actions": 25}.get(block["type"], 0)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in ("text", "alt_text") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _length(node: Any) -> int:
    return sum(map(len, _texts(node)))


def _asked(request: Request) -> dict[str, str]:
    return {**request.args, **request.form}


def _id(channel: str) -> str:
    name = channel.removeprefix("#")
    is_id = name.isupper() and len(name) >= 9
    return name if is_id else "C" + name.upper().replace("-", "").ljust(9, "0")


def _answer(body: Mapping[str, Any]) -> Response:
    return Response(json.dumps(body), 200)
