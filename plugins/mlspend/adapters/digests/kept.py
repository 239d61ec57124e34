"""A digest of a past week rendered again, from what was kept of it: the warehouse is not asked."""

from dataclasses import dataclass, replace
from pathlib import Path

from mlspend.adapters.digests import digest_message
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import plain_text, sending
from mlspend.adapters.messages.message import Message
from mlspend.core.digest import Digest
from mlspend.core.errors import DigestNotKept
from mlspend.core.weeks import Week


@dataclass(frozen=True)
class Again:
    """A digest rendered again; `is_same` where every block and the picture are what they were."""

    digest: Digest
    message: Message
    is_same: bool

    @property
    def text(self) -> str:
        """The message and its thread as plain text."""
        replies = [[block.to_dict() for block in reply.blocks] for reply in self.message.replies]
        return plain_text.render([block.to_dict() for block in self.message.blocks], replies)


def render_again(ledger: Ledger, week: Week, channel: str | None = None) -> list[Again]:
    """Return the digests of `week` as they are kept, of all channels or of one; DigestNotKept where there is none."""
    kept = ledger.kept_digests(str(week), channel)
    if not kept:
        whose = f" for {channel}" if channel else ""
        raise DigestNotKept(
            f"nothing is kept of a digest of {week}{whose}: it was never composed, or more than 13 months ago"
        )
    again = []
    for one in kept:
        message = digest_message.compose(one.digest)
        again.append(Again(one.digest, message, digest_message.content_hash(message) == one.content_hash))
    return again


def write(again: Again, folder: Path) -> Path:
    """Write what Slack got below `folder`, as the outbox holds it, and return the page's path."""
    audience = again.digest.audience
    return sending.write_whole(folder, replace(again.message, channel=audience.channel or audience.name))
