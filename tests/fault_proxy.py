"""An HTTP proxy in front of a test's server that breaks chosen answers, as networks and stores do."""

import http.client
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class Answer:
    """What the server said, on its way to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Deed = Callable[["_Handler", Callable[[], Answer]], None]
"""What happens to a request instead: it gets the handler and a function that asks the server."""


@dataclass
class _Fault:
    deed: Deed
    path: re.Pattern[str]
    method: str
    after: int
    left: int
    seen: int = 0


@dataclass
class FaultProxy:
    """`address` for the client; `requests` are the method and path (with query, decoded) of all that came."""

    address: str
    requests: list[tuple[str, str]] = field(default_factory=list)
    _faults: list[_Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, deed: Deed, *, path: str = "", method: str = "GET", after: int = 0, times: int = 1_000_000) -> None:
        """Do `deed` to `times` requests of `method` whose path matches, the first `after` of them left alone."""
        self._faults.append(_Fault(deed, re.compile(path), method, after, times))

    def heal(self) -> None:
        """Be a plain proxy from now on, with nothing counted yet."""
        with self._lock:
            self._faults.clear()
            self.requests.clear()

    def count(self, path: str) -> int:
        """Return how many requests there were whose path matches."""
        return sum(bool(re.search(path, seen)) for _, seen in self.requests)

    def _choose(self, method: str, path: str) -> Deed | None:
        with self._lock:
            self.requests.append((method, path))
            for fault in self._faults:
                if fault.method == method and fault.path.search(path):
                    fault.seen += 1
                    if fault.seen > fault.after and fault.left:
                        fault.left -= 1
                        return fault.deed
        return None


@contextmanager
def fault_proxy(server: str) -> Iterator[FaultProxy]:
    """Give a proxy on a free loopback port in front of `server`, an http:// address."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.daemon_threads = True
    listener.server_address_behind = urlsplit(server).netloc  # type: ignore[attr-defined]
    listener.proxy = FaultProxy(f"http://127.0.0.1:{listener.server_port}")  # type: ignore[attr-defined]
    listener.closing = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield listener.proxy  # type: ignore[attr-defined]
    finally:
        listener.closing.set()  # type: ignore[attr-defined]
        listener.shutdown()
        thread.join()
        listener.server_close()


def refuse(status: int, code: str) -> Deed:
    """Answer with an error document of S3."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code} said the test</Message></Error>".encode()
    return lambda handler, ask: handler.send(Answer(status, [("Content-Type", "application/xml")], body))


def say(body: bytes) -> Deed:
    """Answer something else, with status 200."""
    return lambda handler, ask: handler.send(Answer(200, [("Content-Type", "text/html")], body))


def keep_silent(seconds: float) -> Deed:
    """Say nothing for so long, then hang up."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        handler.server.closing.wait(seconds)  # type: ignore[attr-defined]
        handler.hang_up()

    return deed


def hang_up() -> Deed:
    """Close the connection before there is an answer."""
    return lambda handler, ask: handler.hang_up()


def hang_up_after_asking() -> Deed:
    """Let the server do it, then close the connection."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        ask()
        handler.hang_up()

    return deed


def keep_silent_after_asking(seconds: float = 10) -> Deed:
    """Let the server do it, then say nothing for so long."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        ask()
        keep_silent(seconds)(handler, ask)

    return deed


def reset_half_way() -> Deed:
    """Send half of the body, then reset the connection."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        handler.send(ask(), part=0.5)
        handler.hang_up(reset=True)

    return deed


def stall_half_way(seconds: float) -> Deed:
    """Send half of the body, then nothing for so long."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        handler.send(ask(), part=0.5)
        handler.server.closing.wait(seconds)  # type: ignore[attr-defined]
        handler.hang_up()

    return deed


def claim_length(difference: int) -> Deed:
    """Announce so many bytes more (or less) than there are."""
    return lambda handler, ask: handler.send(ask(), claimed=difference)


def first(do: Callable[[], object]) -> Deed:
    """Do something behind the client's back, then let the request through."""

    def deed(handler: "_Handler", ask: Callable[[], Answer]) -> None:
        do()
        handler.send(ask())

    return deed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        deed = self.server.proxy._choose(self.command, unquote(self.path))  # type: ignore[attr-defined]
        if deed:
            deed(self, lambda: self._ask(body))
        else:
            self.send(self._ask(body))

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass_on  # noqa: N815 - the names that the library calls

    def _ask(self, body: bytes) -> Answer:
        behind = http.client.HTTPConnection(self.server.server_address_behind, timeout=30)  # type: ignore[attr-defined]
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection",)}
        behind.request(self.command, self.path, body=body or None, headers=headers)
        answer = behind.getresponse()
        found = Answer(answer.status, answer.getheaders(), answer.read())
        behind.close()
        return found

    def send(self, answer: Answer, *, part: float = 1, claimed: int = 0) -> None:
        """Send the answer, `part` of its body, and `claimed` bytes more than there are announced."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + claimed))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: int(len(answer.body) * part)])
        self.close_connection = True

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection at once; with `reset` the client is told so by RST."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""
