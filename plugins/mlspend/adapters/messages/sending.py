"""Sends a message at most once, or writes it to the outbox; what became of it stands in the ledger."""

from datetime import datetime, timedelta
from typing import Any

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import outbox, slack
from mlspend.adapters.steps import reached
from mlspend.core import wording
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered
from mlspend.core.steps import Step

# A send takes seconds, with every wait for Slack's rate limit a few minutes; an older claim was left by a crash.
_CLAIM_LIFETIME = timedelta(minutes=4)


def send_once(
    payload: dict[str, Any],
    ledger: Ledger,
    *,
    kind: str,
    since: datetime,
    now: datetime,
    token: str,
    base_url: str | None,
) -> str | None:
    """Post what `slack.compose` made and return where it stands, None where an earlier run had sent it.

    `since`: the message was certainly not sent before; from there on the channel is searched where it is uncertain.
    Raises MessageRefused, MessageUndelivered or MessageUncertain; the same call tried later is right after each.
    """
    channel, key = payload["channel"], key_of(payload)
    is_mine = ledger.claim_message(key, kind=kind, destination=channel, now=now)
    if not is_mine and (known := ledger.message(key)):
        if known["sent_at"]:
            return None
        if now - known["claimed_at"] < _CLAIM_LIFETIME:
            raise MessageUndelivered(
                f"the {kind} for {channel} was claimed at {wording.moment(known['claimed_at'])} by a run that is "
                f"sending it or has crashed: try again in {_CLAIM_LIFETIME.seconds // 60} minutes"
            )
    reached(Step.MESSAGE_CLAIMED)
    try:
        posted = slack.send(payload, token=token, base_url=base_url, since=since, is_uncertain=not is_mine)
    except MessageUncertain:
        raise
    except (MessageRefused, MessageUndelivered):
        ledger.release_message(key)
        raise
    reached(Step.MESSAGE_POSTED)
    ledger.record_message_sent(key, reference=str(posted), now=now)
    reached(Step.MESSAGE_RECORDED)
    return str(posted)


def write(home: Home, folder: str, payload: dict[str, Any], ledger: Ledger, *, kind: str, now: datetime) -> str:
    """Write the message into `folder` of the outbox, anew where it stands there, and return its page's path."""
    # Under a key of its own: what stands in the outbox has not been sent.
    key = f"outbox/{key_of(payload)}"
    ledger.claim_message(key, kind=kind, destination=f"outbox {payload['channel']}", now=now)
    reached(Step.MESSAGE_CLAIMED)
    path = outbox.write(home.outbox, folder, payload)
    reached(Step.MESSAGE_POSTED)
    ledger.record_message_sent(key, reference=str(path.relative_to(home.root)), now=now)
    reached(Step.MESSAGE_RECORDED)
    return str(path)


def key_of(payload: dict[str, Any]) -> str:
    """Return the key that makes a message be sent once."""
    return str(payload["metadata"]["event_payload"]["key"])
