"""Clicks as Slack tells of them, and an alert for them to be about."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.core.alerts import Alert, Candidate, Change

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
CANDIDATE = Candidate("anomaly", ("recommender", "gpu"), "warning", "recommender", "GPU hours of recommender", NOW)
ALERT_ID = CANDIDATE.alert_id


def open_alert(ledger: Ledger, amount: str = "120") -> None:
    """Write one open alert."""
    alert = Alert(CANDIDATE, opened_at=NOW, seen_at=NOW, notified_amount=Decimal(amount))
    ledger.change_alerts(lambda _known, _notified: [Change(alert, ())], NOW)


def click(
    action: str = "acknowledge",
    *,
    about: str = f"alert:{ALERT_ID}",
    response_url: str = "",
    action_ts: str = "1793606400.000100",
    user: str = "U0000000001",
) -> dict[str, Any]:
    """Return the payload of a click in a message that holds a header and the row of buttons.

    Its shape is https://docs.slack.dev/reference/interaction-payloads/block_actions-payload.
    """
    buttons = alert_buttons(ALERT_ID).to_dict()
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "ada", "name": "ada", "team_id": "T1"},
        "container": {"type": "message", "message_ts": "1.000000", "channel_id": "C1", "is_ephemeral": False},
        "channel": {"id": "C1", "name": "ml-spend"},
        "message": {
            "ts": "1.000000",
            "text": "An alert",
            "blocks": [{"type": "header", "block_id": "title", "text": part.plain("An alert").to_dict()}, buttons],
        },
        "response_url": response_url,
        "actions": [
            {
                "type": "button",
                "action_id": f"mlspend_{action}",
                "block_id": buttons["block_id"],
                "value": about,
                "action_ts": action_ts,
            }
        ],
    }


def form(payload: Any) -> bytes:
    """Return the body that Slack posts."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def sign(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """Return the headers by which Slack proves who it is, worked out as its documentation says.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={signature}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
