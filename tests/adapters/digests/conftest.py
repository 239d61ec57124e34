"""What tests of sending share: a ledger, and a workspace that no proxy stands before."""

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from tests.slack_workspace import Workspace


@pytest.fixture
def workspace(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return Workspace(httpserver, ("ml-spend", "discovery", "risk", "leads"))


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened
