"""A ledger, and the servers that alerts are sent to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from tests.pagerduty_server import PagerDuty, running_server
from tests.slack_workspace import Workspace


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


@pytest.fixture
def workspace(httpserver: HTTPServer) -> Workspace:
    return Workspace(httpserver, ("ml-spend", "risk", "budgets"))


@pytest.fixture(scope="session")
def pagerduty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HTTPServer, Path]]:
    certificate = tmp_path_factory.mktemp("pagerduty") / "certificate.pem"
    with running_server(certificate) as server:
        yield server, certificate


@pytest.fixture
def pagerduty(pagerduty_server: tuple[HTTPServer, Path], monkeypatch: pytest.MonkeyPatch) -> PagerDuty:
    server, certificate = pagerduty_server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.clear()
    return PagerDuty(server)
