"""E-mails through the real SmtpHook, to a mail server on this machine."""

import email
import email.policy
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mlspend.adapters.digests import digest
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.errors import ConfigInvalid, MessageRefused, MessageUndelivered
from mlspend.operators.mail import smtp_postman
from tests.adapters.digests.test_digest import make_config
from tests.published_warehouse import NOW, publish_by_hand

TO = "lead@example.com"
CONFIG = make_config({}, company_channel=None, emails=(TO,), language="fr")


class Inbox:
    """Takes every e-mail, or answers `answer` to its data."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.taken.append(envelope)
        return self.answer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    controller = Controller(inbox, hostname="127.0.0.1", port=number)
    controller.start()
    yield number
    controller.stop()


def connect(monkeypatch: pytest.MonkeyPatch, port: int, **extra: Any) -> None:
    told = {"disable_ssl": True, "disable_tls": True, "retry_limit": 0, "timeout": 5, **extra}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": told}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


def send(home: Home, ledger: Ledger) -> int:
    return len(digest.send(home, CONFIG, ledger, NOW, postman=smtp_postman("smtp_default"), gates=()))


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    publish_by_hand(home)
    with Ledger.open(home) as opened:
        yield opened


def test_a_digest_arrives_once_whole_and_from_the_connections_sender(
    home: Home, ledger: Ledger, inbox: Inbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, port, from_email="mlspend@example.com")
    assert send(home, ledger) == 1
    assert send(home, ledger) == 0
    (envelope,) = inbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("mlspend@example.com", [TO])
    assert isinstance(envelope.content, bytes)
    read: Any = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert str(read["Subject"]).replace("\xa0", " ") == "Dépenses ML, 19–25 oct. 2026 : Example Robotics"
    text = read.get_body(("plain",)).get_content().replace("\xa0", " ").replace("\u202f", " ")
    assert "1 251,00 USD de coût effectif" in text
    (chart,) = read.iter_attachments()
    assert chart.get_content().startswith(b"\x89PNG")


def test_a_server_that_refuses_is_asked_again_only_where_that_can_help(
    home: Home, ledger: Ledger, inbox: Inbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, port, from_email="mlspend@example.com")
    inbox.answer = "554 no"
    with pytest.raises(MessageRefused, match="554 no"):
        send(home, ledger)
    inbox.answer = "250 OK"
    assert send(home, ledger) == 1


def test_a_server_that_hangs_up_after_the_text_may_have_taken_it(
    home: Home, ledger: Ledger, inbox: Inbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, port, from_email="mlspend@example.com")

    async def hang_up(server: SMTP, session: Session, envelope: Envelope) -> str:
        inbox.taken.append(envelope)
        server.transport.close()
        return "250 OK"

    monkeypatch.setattr(inbox, "handle_DATA", hang_up)
    with pytest.raises(MessageUndelivered, match="is not sent again"):
        send(home, ledger)
    assert send(home, ledger) == 0
    assert len(inbox.taken) == 1


def test_a_server_that_is_not_there_is_tried_again(
    home: Home, ledger: Ledger, inbox: Inbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, 1, from_email="mlspend@example.com")
    with pytest.raises(MessageUndelivered, match="smtp_default cannot be reached"):
        send(home, ledger)
    connect(monkeypatch, port, from_email="mlspend@example.com")
    assert send(home, ledger) == 1


def test_without_the_connection_there_is_no_postman(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    assert smtp_postman("smtp_default") is None


def test_a_connection_without_a_sender_is_a_fault_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, 1)
    with pytest.raises(ConfigInvalid, match="from_email"):
        smtp_postman("smtp_default")
