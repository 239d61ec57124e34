"""A digest as e-mail: plain text from the very blocks that Slack gets, the chart beside it; each sent at most once.

An e-mail cannot be looked up. What is uncertain after a crash or a lost answer is therefore not sent again, and said.
"""

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import plain_text
from mlspend.adapters.messages.message import Message
from mlspend.adapters.steps import reached
from mlspend.core import wording
from mlspend.core.digest import Audience
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered
from mlspend.core.hashes import hash_of
from mlspend.core.steps import Step
from mlspend.core.weeks import Week

_SUBJECT = 200


@dataclass(frozen=True)
class Postman:
    """How e-mails leave: who they are from, and what sends one .

    `send` raises MessageUndelivered where the server cannot be reached, smtplib's errors or OSError once it is.
    """

    sender: str
    send: Callable[[EmailMessage], None]


def key_of(week: Week, audience: Audience, address: str) -> str:
    """Return what makes a digest be mailed once to an address, also where its channel is set or renamed meanwhile."""
    return f"mail/digest/{week}/{audience.readers}/{address}"


def write(
    message: Message, subject: str, address: str, sender: str, written_at: datetime, *, key: str = ""
) -> EmailMessage:
    """Return the e-mail. The policy folds and encodes headers; a line end in a name cannot start one of its own."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = wording.one_line(subject, _SUBJECT)
    mail["From"] = _address(sender)
    mail["To"] = _address(address)
    mail["Date"] = format_datetime(written_at)
    # The same for the same digest: a mail server that gets it twice can tell.
    mail["Message-ID"] = f"<{hash_of([key or message.key, address])}@mlspend>"
    mail["Auto-Submitted"] = "auto-generated"
    blocks = [block.to_dict() for block in message.blocks]
    replies = [[block.to_dict() for block in reply.blocks] for reply in message.replies]
    mail.set_content(plain_text.render(blocks, replies), cte="quoted-printable")
    if message.chart:
        chart = message.chart
        mail.add_attachment(chart.png, maintype="image", subtype="png", disposition="inline", filename=chart.file_name)
        *_, picture = mail.iter_attachments()
        picture["Content-Description"] = wording.one_line(chart.alt_text, 900)
    return mail


def deliver(
    message: Message,
    subject: str,
    address: str,
    home: Home,
    ledger: Ledger,
    *,
    key: str,
    now: datetime,
    written_at: datetime,
    postman: Postman | None,
) -> str | None:
    """Send the e-mail `key` once, or write it to the outbox where there is no postman; return where it is.

    None where it was out already, or may be: `mlspend status` shows such a one without a time of sending.
    Raises MessageRefused, MessageUndelivered (not sent: try later) or MessageUncertain (never tried again).
    """
    if postman is None:
        mail = write(message, subject, address, "mlspend@localhost", written_at, key=key)
        return _to_outbox(mail, message, address, home, ledger, key, now)
    if not ledger.claim_message(key, kind="digest", destination=address, now=now):
        return None
    reached(Step.MESSAGE_CLAIMED)
    try:
        postman.send(write(message, subject, address, postman.sender, written_at, key=key))
    except MessageUndelivered:
        ledger.release_message(key)
        raise
    except smtplib.SMTPServerDisconnected as error:
        raise MessageUncertain(
            f"the connection was lost while the e-mail to {address} was sent; it may be out and is not sent again"
        ) from error
    except (smtplib.SMTPException, ConnectionRefusedError) as error:
        ledger.release_message(key)
        raise _refusal(error, address) from error
    except OSError as error:
        raise MessageUncertain(
            f"no answer to the e-mail to {address} ({error}); it may have been sent and is not sent again"
        ) from error
    reached(Step.MESSAGE_POSTED)
    ledger.record_message_sent(key, reference=address, now=now)
    reached(Step.MESSAGE_RECORDED)
    return address


def _to_outbox(
    mail: EmailMessage, message: Message, address: str, home: Home, ledger: Ledger, key: str, now: datetime
) -> str:
    folder = home.outbox / (message.folder or "mail")
    path = folder / (re.sub(r"[^\w.@+-]+", "_", f"{message.key.split('/')[-1]} {address}").lstrip("_.") + ".eml")
    ledger.claim_message(f"outbox/{key}", kind="digest", destination=f"outbox {address}", now=now)
    with disk_errors(home.outbox, f"writing the e-mail for {address}"):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(mail.as_bytes())
    ledger.record_message_sent(f"outbox/{key}", reference=str(path.relative_to(home.root)), now=now)
    return str(path)


def _address(text: str) -> Address:
    return Address(addr_spec=text)


def _refusal(error: Exception, address: str) -> MessageRefused | MessageUndelivered:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        said = "; ".join(f"{code} {reason.decode(errors='replace')}" for code, reason in error.recipients.values())
        if all(500 <= code < 600 for code in codes):
            return MessageRefused(f"the mail server refuses {address} ({said}): correct the address in mlspend.yml")
        return MessageUndelivered(
            f"the mail server does not take the e-mail to {address} now ({said}): try again later"
        )
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MessageRefused("the mail server refuses the login of the Airflow connection: correct it")
    if isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600:
        said = f"{error.smtp_code} {_text(error.smtp_error)}"
        return MessageRefused(f"the mail server refuses the e-mail to {address} ({said}): correct the connection")
    return MessageUndelivered(f"the e-mail to {address} was not taken ({type(error).__name__}: {error}): try again")


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
