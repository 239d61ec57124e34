"""A Slack workspace on this machine: a server that speaks as much of Slack's Web API as a digest needs."""

import json
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


class Workspace:
    """A Slack workspace that keeps what is posted; `faults` are answered instead, one for each post."""

    def __init__(self, server: HTTPServer, channels: tuple[str, ...]) -> None:
        self.posted: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any] | None] = []
        self.loses_answers = False
        self.url = server.url_for("/api/")
        self._names = channels
        server.expect_request("/api/chat.postMessage").respond_with_handler(self._post)
        server.expect_request("/api/conversations.list").respond_with_handler(self._list)
        server.expect_request("/api/conversations.history").respond_with_handler(self._history)

    def channels(self) -> list[str]:
        """The channels that messages were posted to, in order."""
        return [message["channel"] for message in self.posted]

    def _post(self, request: Request) -> Response:
        if self.faults and (fault := self.faults.pop(0)):
            return _answer(fault)
        self.posted.append(request.get_json())
        if self.loses_answers:
            return Response("gateway timeout", 504)
        return _answer({"ok": True, "channel": _id(request.get_json()["channel"]), "ts": f"{len(self.posted)}.000000"})

    def _list(self, _request: Request) -> Response:
        return _answer({"ok": True, "channels": [{"id": _id(name), "name": name} for name in sorted(self._names)]})

    def _history(self, request: Request) -> Response:
        channel = {**request.args, **request.form}["channel"]
        found = [
            {"ts": f"{number}.000000", "metadata": message["metadata"]}
            for number, message in enumerate(self.posted, 1)
            if _id(message["channel"]) == channel
        ]
        return _answer({"ok": True, "messages": found})


def _id(channel: str) -> str:
    return "C" + channel.removeprefix("#").upper().replace("-", "").ljust(9, "0")


def _answer(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), 200)
