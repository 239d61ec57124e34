"""Posts messages to Slack's Web API, each at most once: what is uncertain is looked up, not assumed.

Only a rate limit is retried blindly, for then Slack has certainly not taken the message. After a lost connection or a
server error it may have: the channel is searched for the message's key before anything is posted again.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.models.blocks import Block

from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered

EVENT_TYPE = "mlspend_message"

_log = logging.getLogger(__name__)
_SECONDS = 30
_RATE_LIMIT_RETRIES = 3
_ATTEMPTS = 2
_PAGE = 200
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
# "Some aspect of the operation may have succeeded": https://docs.slack.dev/reference/methods/chat.postMessage#errors
_MAYBE_DONE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_REMEDIES = {
    "channel_not_found": "correct its name in mlspend.yml or create it; a private channel must invite the app",
    "not_in_channel": "invite the app to the channel: /invite @mlspend",
    "is_archived": "unarchive the channel, or name another in mlspend.yml",
    "invalid_auth": "put a valid bot token (xoxb-…) into the Airflow connection or MLSPEND_SLACK_TOKEN",
    "not_authed": "put a bot token (xoxb-…) into the Airflow connection or MLSPEND_SLACK_TOKEN",
    "account_inactive": "the token's app or user is disabled: install the app again and use its new token",
    "token_revoked": "the token was revoked: install the app again and use its new token",
    "token_expired": "the token has expired: use a new one",
    "missing_scope": "grant the app the scope and install it again",
    "restricted_action": "a workspace policy forbids posting there: ask a workspace owner",
    "msg_too_long": "the message is too long for Slack: please report this",
    "invalid_blocks": "Slack does not accept the message's blocks: please report this",
}


@dataclass(frozen=True)
class Posted:
    """Where a message stands in Slack."""

    channel_id: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel_id}/{self.ts}"


def compose(channel: str, text: str, blocks: Sequence[Block], *, key: str) -> dict[str, Any]:
    """Return the payload of chat.postMessage. `key` travels in its metadata, which finds the message again."""
    return {
        "channel": channel,
        "text": text,
        "blocks": [block.to_dict() for block in blocks],
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        "mrkdwn": False,
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
    }


def send(
    payload: dict[str, Any], *, token: str, since: datetime, is_uncertain: bool = False, base_url: str | None = None
) -> Posted:
    """Post what `compose` made and return where it stands.

    `is_uncertain`: an earlier attempt may have posted it, so look first, among the channel's messages after `since`.
    Raises MessageRefused (somebody must act), MessageUndelivered (not posted, try later) or MessageUncertain (it may
    have been posted: try later with `is_uncertain`).
    """
    if is_uncertain and (posted := _find(payload, token, since, base_url)):
        return posted
    uncertain: MessageUncertain | None = None
    for _ in range(_ATTEMPTS):
        try:
            return _post(payload, token, base_url)
        except MessageUncertain as error:
            _log.warning("%s; looking for it in the channel", error)
            uncertain = error
        if posted := _find(payload, token, since, base_url):
            return posted
    raise uncertain or MessageUncertain(f"the message to {payload['channel']} was not posted")


def _post(payload: dict[str, Any], token: str, base_url: str | None) -> Posted:
    client = _client(token, base_url)
    channel = payload["channel"]
    try:
        answer = client.chat_postMessage(**payload)
    except SlackApiError as error:
        raise _refusal(error, channel) from None
    except (OSError, HTTPException) as error:
        raise MessageUncertain(
            f"Slack's answer to the message for {channel} was lost ({_reason(error)}); it is looked up at the next try"
        ) from error
    return Posted(str(answer["channel"]), str(answer["ts"]))


def _find(payload: dict[str, Any], token: str, since: datetime, base_url: str | None) -> Posted | None:
    """Return the posted message that carries the payload's key, None where the channel has none."""
    channel, key = payload["channel"], payload["metadata"]["event_payload"]["key"]
    client = _client(token, base_url)
    # Reading twice does no harm.
    client.retry_handlers += [ConnectionErrorRetryHandler(), ServerErrorRetryHandler()]
    try:
        channel_id = _find_channel(client, channel)
        history = client.conversations_history(
            channel=channel_id, oldest=f"{since.timestamp():.6f}", limit=_PAGE, include_all_metadata=True
        )
        for message in _items(history, "messages"):
            metadata = message.get("metadata", {})
            if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
                return Posted(channel_id, str(message["ts"]))
    except (SlackApiError, OSError, HTTPException) as error:
        raise MessageUncertain(
            f"it is not known whether the message for {channel} was posted, and Slack's history of the channel cannot "
            f"be read ({_reason(error)}): nothing is posted again. Try later; a missing scope needs channels:history, "
            "channels:read (private: groups:history, groups:read) granted to the app"
        ) from error
    return None


def _find_channel(client: WebClient, channel: str) -> str:
    if _CHANNEL_ID.fullmatch(channel):
        return channel
    listing = client.conversations_list(types="public_channel,private_channel", exclude_archived=True, limit=_PAGE)
    for each in _items(listing, "channels"):
        if each["name"] == channel.removeprefix("#"):
            return str(each["id"])
    raise MessageRefused(f"Slack knows no channel {channel}: {_REMEDIES['channel_not_found']}")


def _items(pages: Any, kind: str) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield from page[kind]


def _refusal(error: SlackApiError, channel: str) -> MessageRefused | MessageUndelivered:
    status, code = error.response.status_code, str(error.response.get("error"))
    if status == 429 or code in _RATE_LIMITED:
        return MessageUndelivered(f"Slack's rate limit kept the message for {channel} back: try again in a minute")
    if status >= 500 or code in _MAYBE_DONE or not re.fullmatch(r"\w+", code):
        return MessageUncertain(
            f"Slack failed on the message for {channel} (HTTP {status}, {code[:200]}); it is looked up at the next try"
        )
    needed = f" ({error.response['needed']})" if error.response.get("needed") else ""
    remedy = _REMEDIES.get(code, "see https://docs.slack.dev/reference/methods/chat.postMessage#errors")
    return MessageRefused(f"Slack refused the message for {channel}, {code}{needed}: {remedy}")


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return f"HTTP {error.response.status_code}, {error.response.get('error')}"
    return f"{type(error).__name__}: {error}"


def _client(token: str, base_url: str | None) -> WebClient:
    return WebClient(
        token=token,
        base_url=f"{(base_url or WebClient.BASE_URL).rstrip('/')}/",
        timeout=_SECONDS,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=_RATE_LIMIT_RETRIES)],
    )
