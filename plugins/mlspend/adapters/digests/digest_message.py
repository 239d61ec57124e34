"""A digest as the message that goes out, and a hash that tells whether two renderings say the same."""

from hashlib import sha256
from typing import Any

from mlspend.adapters.digests import chart, detail_blocks, headline_blocks, phrases
from mlspend.adapters.messages.message import Message
from mlspend.core.digest import Digest
from mlspend.core.hashes import hash_of


def key_of(digest: Digest) -> str:
    """Return what makes a digest be sent once: its week and who reads it."""
    return f"digest/{digest.week}/{digest.audience.name}"


def compose(digest: Digest) -> Message:
    """Return the message: the same for the same digest, whenever and wherever it is composed."""
    language = phrases.language_of(digest)
    return Message(
        channel=digest.audience.channel,
        key=key_of(digest),
        text=phrases.fallback(digest, language),
        blocks=headline_blocks.render(digest, language),
        replies=detail_blocks.replies(digest, language),
        chart=chart.draw(digest, language),
        # They may share a channel.
        folder=f"{digest.week}/management" if digest.audience.kind == "management" else str(digest.week),
    )


def content_hash(message: Message) -> str:
    """Return a hash of all that a reader sees, the picture included."""
    content: dict[str, Any] = {
        "text": message.text,
        "blocks": [block.to_dict() for block in message.blocks],
        "replies": [[reply.text, [block.to_dict() for block in reply.blocks]] for reply in message.replies],
        "chart": message.chart and [message.chart.title, message.chart.alt_text, sha256(message.chart.png).hexdigest()],
    }
    return hash_of(content)
