"""What one message consists of: the figures, a thread of details below them, a chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block


@dataclass(frozen=True)
class Chart:
    """An image that stands in the thread; `alt_text` says in words what it shows."""

    png: bytes
    file_name: str
    title: str
    alt_text: str


@dataclass(frozen=True)
class Reply:
    """One message of the thread; `text` is what notifications show, escaped for Slack's mrkdwn."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Message:
    """What is sent once under `key` to `channel` (a name with #, or Slack's id).

    Blocks may be of any length: what Slack has no room for in one message goes on in the thread. `folder` is where it
    lies in the outbox, where that is not the key without the channel.
    """

    channel: str
    key: str
    text: str
    blocks: Sequence[Block]
    replies: Sequence[Reply] = ()
    chart: Chart | None = None
    folder: str | None = None
