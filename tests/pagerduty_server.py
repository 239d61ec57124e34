"""PagerDuty on this machine: a server that speaks the Events API v2 and keeps the state of each alert.

By HTTPS, as the client asks for: its certificate is made here, and trusted by SSL_CERT_FILE alone.
"""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

KEY = "R0123456789ABCDEF0123456789ABCDE"


class PagerDuty:
    """Keeps the events it took and the state of each alert by its dedup_key.

    `faults` are statuses answered in turn, nothing being taken. With `loses_answers` an event is taken and 504 said.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.events: list[dict[str, Any]] = []
        self.states: dict[str, str] = {}
        self.faults: list[int] = []
        self.loses_answers = False
        self.asked = 0
        self.url = f"https://127.0.0.1:{server.port}"
        server.expect_request("/v2/enqueue", method="POST").respond_with_handler(self._enqueue)

    def actions(self) -> list[str]:
        """What was taken, in order."""
        return [event["event_action"] for event in self.events]

    def _enqueue(self, request: Request) -> Response:
        self.asked += 1
        if self.faults:
            return _answer({"status": "error"}, self.faults.pop(0))
        event = request.get_json()
        if problem := _problem(event):
            return _answer({"status": "invalid event", "message": "Event object is invalid", "errors": [problem]}, 400)
        self.events.append(event)
        key, action = event["dedup_key"], event["event_action"]
        # Acknowledging or resolving what is not open changes nothing; triggering what is open does not either.
        if action == "trigger":
            if self.states.get(key) in (None, "resolved"):
                self.states[key] = "triggered"
        elif self.states.get(key) in ("triggered", "acknowledged"):
            self.states[key] = "acknowledged" if action == "acknowledge" else "resolved"
        if self.loses_answers:
            return _answer({}, 504)
        return _answer({"status": "success", "message": "Event processed", "dedup_key": key}, 202)


@contextmanager
def running_server(certificate: Path) -> Iterator[HTTPServer]:
    """Run a server by HTTPS for PagerDuty; SSL_CERT_FILE must name the `certificate` that is written."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certify(certificate))
    server = HTTPServer(host="127.0.0.1", port=0, ssl_context=context)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _certify(path: Path) -> Path:
    """Write a certificate of this machine's own and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _problem(event: dict[str, Any]) -> str | None:
    """What the Events API v2 requires: https://developer.pagerduty.com/docs/send-alert-event, November 2026."""
    if event.get("routing_key") != KEY:
        return "'routing_key' is invalid"
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        return "'event_action' is invalid"
    if not 0 < len(event.get("dedup_key", "")) <= 255:
        return "'dedup_key' is missing or too long"
    if event["event_action"] == "trigger":
        payload = event.get("payload", {})
        if not 0 < len(payload.get("summary", "")) <= 1024:
            return "'payload.summary' is missing or too long"
        if not payload.get("source"):
            return "'payload.source' is missing"
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            return "'payload.severity' is invalid"
    return None


def _answer(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
