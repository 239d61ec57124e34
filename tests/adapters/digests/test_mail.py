"""A digest as e-mail: what it holds, that no name writes headers, and that it leaves at most once."""

import email
import email.policy
import smtplib
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mlspend.adapters.config import Config
from mlspend.adapters.digests import digest, digest_message, mail
from mlspend.adapters.digests.mail import Postman
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.digest import Audience
from mlspend.core.errors import MessageRefused, MessageUndelivered
from mlspend.core.weeks import Week
from tests.adapters.digests.test_digest import make_config
from tests.handmade_digest import FRENCH, FULL, MANAGEMENT, OF_MANAGEMENT, make_digest
from tests.published_warehouse import NOW, SPEND, publish_by_hand

TO = "lead@example.com"


class Postbox:
    """A mail server's end: keeps what it takes; `faults` are raised instead, one for each."""

    def __init__(self, *faults: Exception | None) -> None:
        self.taken: list[EmailMessage] = []
        self.faults = list(faults)
        self.asked = 0

    def take(self, message: EmailMessage) -> None:
        self.asked += 1
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        self.taken.append(message)


def parsed(written: EmailMessage) -> EmailMessage:
    """The e-mail as who gets it reads it."""
    read = email.message_from_bytes(written.as_bytes(), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    return read


def text_of(written: EmailMessage) -> str:
    body = parsed(written).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\xa0", " ").replace("\u202f", " ").replace("\r\n", "\n")


def mail_of(subject: str = "ML spend", sender: str = "mlspend@example.com") -> EmailMessage:
    message = digest_message.compose(make_digest(audience=MANAGEMENT, facts=OF_MANAGEMENT))
    return mail.write(message, subject, TO, sender, NOW)


def test_it_is_plain_text_with_the_same_figures_and_the_chart_beside_it() -> None:
    written = mail_of()
    text = text_of(written)
    assert text.startswith("ML spend of 19–25 Oct 2026: all teams of Example Robotics\n====")
    assert "USD 16,000.50 effective cost\n" in text
    rows = [
        line for line in text.splitlines() if line.startswith(("Team ", "discovery ", "risk ", "without an owner "))
    ]
    # The last one is that of the projects, in the thread.
    assert len(rows) == 5
    rows = rows[:4]
    # The columns stand below each other: the last one ends where its heading ends.
    assert len({len(row) for row in rows}) == 1
    (picture,) = parsed(written).iter_attachments()
    assert (picture.get_content_type(), picture.get_content_disposition()) == ("image/png", "inline")
    assert picture.get_content().startswith(b"\x89PNG")
    assert "Sums of the weeks" in str(picture["Content-Description"])
    assert max(map(len, written.as_bytes().splitlines())) <= 998


def test_a_french_mail_is_written_in_french() -> None:
    message = digest_message.compose(make_digest(audience=FRENCH, facts=FULL))
    written = mail.write(message, "Dépenses ML, 19–25 oct. 2026", TO, "mlspend@example.com", NOW)
    assert str(parsed(written)["Subject"]) == "Dépenses ML, 19–25 oct. 2026"
    assert "16 000,50 USD de coût effectif" in text_of(written)


@pytest.mark.parametrize(
    "name",
    ["x\r\nBcc: spy@evil.example\r\n\r\nbody", "x\nTo: y@z.example", "x\u2028Bcc: a@b.example", "x\x00", "é" * 900],
)
def test_a_name_writes_no_header_of_its_own(name: str) -> None:
    read = parsed(mail_of(subject=f"ML spend: {name}"))
    assert set(read.keys()) == {
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    assert [str(each) for each in read.get_all("To", [])] == [TO]
    assert "\n" not in str(read["Subject"])


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: x@y.example", "a@b.example, x@y.example"])
def test_an_address_that_is_two_is_refused(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's words
        mail.write(digest_message.compose(make_digest()), "s", address, "mlspend@example.com", NOW)


CONFIG = make_config({}, company_channel=None, emails=(TO,), management={"emails": ("cfo@example.com",)})


def send(home: Home, ledger: Ledger, postbox: Postbox | None, config: Config = CONFIG, minutes: int = 0) -> list[str]:
    postman = Postman("mlspend@example.com", postbox.take) if postbox else None
    now = NOW + timedelta(minutes=minutes)
    return [each.channel for each in digest.send(home, config, ledger, now, postman=postman, gates=())]


def test_each_reader_gets_one_e_mail_a_week(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    postbox = Postbox()
    assert send(home, ledger, postbox) == [TO, "cfo@example.com"]
    assert [str(each["To"]) for each in postbox.taken] == [TO, "cfo@example.com"]
    subject = str(postbox.taken[1]["Subject"]).replace("\xa0", " ")
    assert subject == "ML spend of 19–25 Oct 2026: all teams of Example Robotics"
    publish_by_hand(home, SPEND[1:])
    assert send(home, ledger, postbox, minutes=30) == []
    assert postbox.asked == 2
    # Who is added later reads what the others read.
    config = CONFIG.model_copy(update={"digest": CONFIG.digest.model_copy(update={"emails": (TO, "new@example.com")})})
    assert send(home, ledger, postbox, config, minutes=40) == ["new@example.com"]
    assert text_of(postbox.taken[2]) == text_of(postbox.taken[0])
    assert len({str(each["Message-ID"]) for each in postbox.taken}) == 3


def test_a_channel_that_is_set_or_renamed_mails_nobody_again(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    postbox = Postbox()

    def sent(**channel: str) -> list[str]:
        team = {"name": "risk", "emails": (TO,), **channel}
        config = Config.model_validate({"company": "Example Robotics", "sources": (), "teams": (team,)})
        return send(home, ledger, postbox, config)

    assert sent() == [TO]
    assert sent(slack_channel="#risk") == ["#risk"]
    assert sent(slack_channel="#risk-costs") == ["#risk-costs"]
    assert postbox.asked == 1


@pytest.mark.parametrize(
    "fault",
    [
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        TimeoutError("timed out"),
        ConnectionResetError("reset"),
    ],
)
def test_what_may_be_out_is_not_sent_again_and_that_is_said(
    home: Home, ledger: Ledger, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    publish_by_hand(home)
    postbox = Postbox(fault)
    with pytest.raises(MessageUndelivered, match=rf"{TO}.*is not sent again"):
        send(home, ledger, postbox)
    # The failure of one kept no other back.
    assert [str(each["To"]) for each in postbox.taken] == ["cfo@example.com"]
    assert send(home, ledger, postbox, minutes=10) == []
    assert "it is not known whether" in caplog.text
    assert postbox.asked == 2
    (uncertain,) = [row for row in ledger.messages() if not row["sent_at"]]
    assert uncertain["destination"] == TO


def test_after_a_crash_between_claim_and_record_nothing_is_sent_again(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    ledger.claim_message(
        mail.key_of(Week.parse("2026-W43"), Audience("company"), TO), kind="digest", destination=TO, now=NOW
    )
    postbox = Postbox()
    assert send(home, ledger, postbox, minutes=600) == ["cfo@example.com"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (smtplib.SMTPRecipientsRefused({TO: (550, b"no such user")}), MessageRefused),
        (smtplib.SMTPRecipientsRefused({TO: (451, b"later")}), MessageUndelivered),
        (smtplib.SMTPSenderRefused(553, b"not you", "mlspend@example.com"), MessageRefused),
        (smtplib.SMTPDataError(452, b"full"), MessageUndelivered),
        (smtplib.SMTPDataError(554, b"spam"), MessageRefused),
        (smtplib.SMTPAuthenticationError(535, b"no"), MessageRefused),
        (MessageUndelivered("cannot be reached"), MessageUndelivered),
        (ConnectionRefusedError("refused"), MessageUndelivered),
    ],
)
def test_what_was_certainly_not_taken_is_tried_again(
    home: Home, ledger: Ledger, fault: Exception, error: type[Exception]
) -> None:
    publish_by_hand(home)
    postbox = Postbox(fault)
    with pytest.raises(error) as raised:
        send(home, ledger, postbox)
    assert type(raised.value) is error
    assert send(home, ledger, postbox, minutes=10) == [TO]
    assert send(home, ledger, postbox, minutes=20) == []


def test_without_a_postman_e_mails_lie_in_the_outbox(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    digest.send(home, CONFIG, ledger, NOW, gates=())
    files = sorted(path.relative_to(home.outbox).as_posix() for path in home.outbox.rglob("*"))
    assert [each for each in files if each.endswith(".eml")] == [
        "2026-W43/mail_company_lead@example.com.eml",
        "2026-W43/management/management_cfo@example.com.eml",
    ]
    read = email.message_from_bytes(
        (home.outbox / "2026-W43/mail_company_lead@example.com.eml").read_bytes(), policy=email.policy.default
    )
    assert isinstance(read, EmailMessage)
    assert "USD 1,251.00" in text_of(read)
    # Nothing there has reached anybody.
    assert send(home, ledger, Postbox()) == [TO, "cfo@example.com"]


def test_a_path_from_an_address_stays_in_the_outbox(home: Home, ledger: Ledger) -> None:
    publish_by_hand(home)
    config = make_config({}, company_channel=None, emails=("/x/y@example.com",))
    (sent,) = digest.send(home, config, ledger, NOW, gates=())
    assert Path(sent.place).resolve().is_relative_to(home.outbox.resolve())
