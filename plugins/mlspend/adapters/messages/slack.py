"""Posts messages to Slack's Web API, each at most once: what is uncertain is looked up, not assumed.

Only a rate limit is retried blindly, for then Slack has certainly not taken the message. After a lost connection or a
server error it may have: the channel, or the thread, is searched for the message's key before anything is posted again.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block

from mlspend.adapters.messages import slack_api
from mlspend.core.errors import MessageRefused, MessageUncertain, ThreadGone

EVENT_TYPE = "mlspend_message"

_log = logging.getLogger(__name__)
_ATTEMPTS = 2
_PAGE = 200
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")


@dataclass(frozen=True)
class Posted:
    """Where a message stands in Slack.

    >>> str(Posted.parse("C0000000001/1793000000.000100"))
    'C0000000001/1793000000.000100'
    """

    channel_id: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel_id}/{self.ts}"

    @classmethod
    def parse(cls, text: str) -> "Posted":
        """Read what `str` wrote."""
        channel_id, _, ts = text.partition("/")
        return cls(channel_id, ts)


def compose(
    channel: str, text: str, blocks: Sequence[Block | Mapping[str, Any]], *, key: str, thread: Posted | None = None
) -> dict[str, Any]:
    """Return the payload of chat.postMessage. `key` travels in its metadata, which finds the message again."""
    payload = {
        "channel": thread.channel_id if thread else channel,
        "text": text,
        "blocks": [block.to_dict() if isinstance(block, Block) else dict(block) for block in blocks],
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        "mrkdwn": False,
        "link_names": False,
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
    }
    return {**payload, "thread_ts": thread.ts} if thread else payload


def send(
    payload: dict[str, Any],
    *,
    token: str,
    since: datetime,
    is_uncertain: bool = False,
    base_url: str | None = None,
    before_post: Callable[[], None] = lambda: None,
) -> Posted:
    """Post what `compose` made and return where it stands.

    `is_uncertain`: an earlier attempt may have posted it, so look first, among the channel's messages after `since`,
    or in the thread it belongs to. `before_post` is called each time before it is posted; what it raises ends the send.
    Raises MessageRefused (somebody must act; ThreadGone: its thread was deleted), MessageUndelivered (not posted, try
    later) or MessageUncertain (it may have been posted: try later with `is_uncertain`).
    """
    if is_uncertain and (posted := find(payload, token, since, base_url)):
        return posted
    uncertain: MessageUncertain | None = None
    for _ in range(_ATTEMPTS):
        before_post()
        try:
            return _post(payload, token, base_url)
        except MessageUncertain as error:
            _log.warning("%s; looking for it in the channel", error)
            uncertain = error
        if posted := find(payload, token, since, base_url):
            return posted
    raise uncertain or MessageUncertain(f"the message to {payload['channel']} was not posted")


def find(payload: dict[str, Any], token: str, since: datetime, base_url: str | None) -> Posted | None:
    """Return the posted message that carries the payload's key, None where there is none."""
    channel, key = payload["channel"], payload["metadata"]["event_payload"]["key"]
    client = slack_api.client(token, base_url, is_reading=True)
    try:
        channel_id = _find_channel(client, channel)
        for message in _messages(client, payload, channel_id, since):
            metadata = message.get("metadata", {})
            if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("key") == key:
                return Posted(channel_id, str(message["ts"]))
    except (SlackApiError, OSError, HTTPException) as error:
        if isinstance(error, SlackApiError) and isinstance(gone := slack_api.refusal(error, "the reply"), ThreadGone):
            raise gone from None
        raise MessageUncertain(
            f"it is not known whether the message for {channel} was posted, and Slack's history of the channel cannot "
            f"be read ({slack_api.reason(error)}): nothing is posted again. Try later; a missing scope needs "
            "channels:history, channels:read (private: groups:history, groups:read) granted to the app"
        ) from error
    return None


def _post(payload: dict[str, Any], token: str, base_url: str | None) -> Posted:
    client = slack_api.client(token, base_url)
    what = f"the message for {payload['channel']}"
    try:
        answer = client.chat_postMessage(**payload)
    except SlackApiError as error:
        raise slack_api.refusal(error, what) from None
    except (OSError, HTTPException) as error:
        raise MessageUncertain(
            f"Slack's answer to {what} was lost ({slack_api.reason(error)}); it is looked up at the next try"
        ) from error
    return Posted(str(answer["channel"]), str(answer["ts"]))


def _messages(client: WebClient, payload: dict[str, Any], channel_id: str, since: datetime) -> Iterator[dict[str, Any]]:
    if thread_ts := payload.get("thread_ts"):
        pages = client.conversations_replies(channel=channel_id, ts=thread_ts, limit=_PAGE, include_all_metadata=True)
    else:
        pages = client.conversations_history(
            channel=channel_id, oldest=f"{since.timestamp():.6f}", limit=_PAGE, include_all_metadata=True
        )
    return _items(pages, "messages")


def _find_channel(client: WebClient, channel: str) -> str:
    if _CHANNEL_ID.fullmatch(channel):
        return channel
    listing = client.conversations_list(types="public_channel,private_channel", exclude_archived=True, limit=_PAGE)
    for each in _items(listing, "channels"):
        if each["name"] == channel.removeprefix("#"):
            return str(each["id"])
    raise MessageRefused(f"Slack knows no channel {channel}: {slack_api.REMEDIES['channel_not_found']}")


def _items(pages: Any, kind: str) -> Iterator[dict[str, Any]]:
    for page in pages:
        yield from page[kind]
