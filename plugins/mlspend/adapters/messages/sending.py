"""Sends a message and its thread, each part at most once, or writes it to the outbox; what became of it is recorded."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.ledger_messages import PLANNED
from mlspend.adapters.messages import chart_upload, outbox, slack, slack_api, splitting
from mlspend.adapters.messages.message import Chart, Message
from mlspend.adapters.messages.slack import Posted
from mlspend.adapters.steps import reached
from mlspend.core import wording
from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered, ThreadGone
from mlspend.core.steps import Step

_log = logging.getLogger(__name__)
# A claim is dated anew before each call that posts, so one that is older than a call takes was left by a crash. The
# minute is for what the call does besides waiting, and for clocks apart.
_CLAIM_LIFETIME = slack_api.LONGEST_CALL + timedelta(minutes=1)
# Of the line that notifications show; the blocks hold everything.
_FALLBACK = 3_000


def utc_now() -> datetime:
    """Return the time: an aware UTC datetime."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Part:
    """One message of a thread: words, or the chart."""

    key: str
    text: str
    blocks: Sequence[dict[str, Any]]
    chart: Chart | None = None

    def payload(self, thread: Posted | None) -> dict[str, Any]:
        if self.chart:
            return chart_upload.compose(self.chart, thread, self.key, "F0000000000")
        return slack.compose("", self.text, self.blocks, key=self.key, thread=thread)


def deliver(
    message: Message,
    home: Home,
    ledger: Ledger,
    *,
    kind: str,
    since: datetime,
    token: str | None,
    base_url: str | None,
    clock: Callable[[], datetime] = utc_now,
) -> str | None:
    """Send the message, then its thread, then its chart; return where it stands, None where all of it was out already.

    Without a token it is written to the outbox, anew where it stands there. `since`: it was certainly not sent before;
    from there on the channel is searched where it is uncertain. After a crash or an error the same call sends what is
    missing of what was planned at first. A chart that Slack refuses is logged and keeps nothing else back.
    `clock` dates what is claimed and sent, each at its moment.
    Raises MessageRefused, MessageUndelivered or MessageUncertain; the same call tried later is right after each.
    """
    first, *rest = splitting.fit(message.blocks)
    parts = _parts(message, rest)
    payload = slack.compose(message.channel, message.text[:_FALLBACK], first, key=message.key)
    if not token:
        return _record_written(payload, ledger, home, kind, clock(), lambda: write_whole(home.outbox, message))
    keys = [part.key for part in parts]
    place = _send_main(payload, ledger, kind=kind, since=since, clock=clock, token=token, base_url=base_url, parts=keys)
    known = ledger.message(message.key) or {}
    thread = Posted.parse(str(known["reference"]))
    has_followed = False
    refusals: list[MessageRefused] = []
    for part in parts:
        try:
            has_followed |= _send_part(part, thread, ledger, since=since, clock=clock, token=token, base_url=base_url)
        except ThreadGone as error:
            _log.warning("%s; the rest of its thread is dropped", error)
            ledger.release_message(part.key, keys)
            break
        except MessageRefused as error:
            _log.error("%s", error)
            if not part.chart:
                refusals.append(error)
    if refusals:
        raise refusals[0]
    return place or (str(thread) if has_followed else None)


def write_whole(folder: Path, message: Message) -> Path:
    """Write the message with its thread and chart below `folder`, as the outbox holds it; return the page's path."""
    first, *rest = splitting.fit(message.blocks)
    thread = [part.payload(None) for part in _parts(message, rest)]
    payload = slack.compose(message.channel, message.text[:_FALLBACK], first, key=message.key)
    # The file is named after the channel.
    inner = message.folder or message.key.removesuffix(f"/{message.channel}")
    return outbox.write(folder, inner, payload, thread, message.chart)


def write(home: Home, folder: str, payload: dict[str, Any], ledger: Ledger, *, kind: str, now: datetime) -> str:
    """Write a message without a thread into `folder` of the outbox, anew where it stands there; return the page."""
    return _record_written(payload, ledger, home, kind, now, lambda: outbox.write(home.outbox, folder, payload))


def key_of(payload: dict[str, Any]) -> str:
    """Return the key that makes a message be sent once."""
    return str(payload["metadata"]["event_payload"]["key"])


def _parts(message: Message, rest: Sequence[Sequence[dict[str, Any]]]) -> list[_Part]:
    """Return the thread: first what the message had no room for, then its replies, then the chart."""
    texts = [(message.text, blocks) for blocks in rest]
    texts += [(reply.text, blocks) for reply in message.replies for blocks in splitting.fit(reply.blocks)]
    parts = [
        _Part(f"{message.key}/reply/{number}", text[:_FALLBACK], blocks)
        for number, (text, blocks) in enumerate(texts, 1)
    ]
    return parts + ([_Part(f"{message.key}/chart", "", (), message.chart)] if message.chart else [])


def _send_main(
    payload: dict[str, Any],
    ledger: Ledger,
    *,
    kind: str,
    since: datetime,
    clock: Callable[[], datetime],
    token: str,
    base_url: str | None,
    parts: Sequence[str],
) -> str | None:
    channel, key, now = payload["channel"], key_of(payload), clock()
    is_mine = ledger.claim_message(key, kind=kind, destination=channel, now=now, parts=parts)
    if not is_mine and (known := ledger.message(key)):
        if known["sent_at"]:
            return None
        _take_over(known, ledger, now)
    reached(Step.MESSAGE_CLAIMED)
    try:
        posted = slack.send(
            payload,
            token=token,
            base_url=base_url,
            since=since,
            is_uncertain=not is_mine,
            before_post=_renewing(key, ledger, clock),
        )
    except MessageUncertain:
        raise
    except (MessageRefused, MessageUndelivered):
        ledger.release_message(key, parts)
        raise
    reached(Step.MESSAGE_POSTED)
    ledger.record_message_sent(key, reference=str(posted), now=clock())
    reached(Step.MESSAGE_RECORDED)
    return str(posted)


def _send_part(
    part: _Part,
    thread: Posted,
    ledger: Ledger,
    *,
    since: datetime,
    clock: Callable[[], datetime],
    token: str,
    base_url: str | None,
) -> bool:
    """Send a part that was planned and is not out yet, and tell whether there was one."""
    known = ledger.message(part.key)
    if not known or known["sent_at"]:
        return False
    _take_over(known, ledger, clock())
    reached(Step.REPLY_CLAIMED)
    is_uncertain = known["reference"] != PLANNED
    renew = _renewing(part.key, ledger, clock)
    try:
        if part.chart:
            posted = chart_upload.send(
                part.chart,
                thread,
                key=part.key,
                token=token,
                since=since,
                is_uncertain=is_uncertain,
                base_url=base_url,
                before_post=renew,
            )
        else:
            posted = slack.send(
                part.payload(thread),
                token=token,
                since=since,
                is_uncertain=is_uncertain,
                base_url=base_url,
                before_post=renew,
            )
    except MessageUncertain:
        raise
    except (MessageRefused, MessageUndelivered):
        ledger.put_back_message(part.key)
        raise
    reached(Step.REPLY_POSTED)
    ledger.record_message_sent(part.key, reference=str(posted), now=clock())
    return True


def _renewing(key: str, ledger: Ledger, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Return what dates our claim anew; it raises MessageUncertain where somebody else has taken it over by then."""
    mine = ledger.message(key) or {}

    def renew() -> None:
        now = clock()
        if not mine or not ledger.take_message(mine, now):
            raise MessageUncertain(f"another run has taken over the message {key}: it sends it, or looks for it")
        mine["claimed_at"] = now

    return renew


def _take_over(known: dict[str, Any], ledger: Ledger, now: datetime) -> None:
    """Take a claim that nobody has begun, or whose sender has crashed; MessageUndelivered where it is another's."""
    is_free = known["reference"] == PLANNED or now - known["claimed_at"] >= _CLAIM_LIFETIME
    if is_free and ledger.take_message(known, now):
        return
    raise MessageUndelivered(
        f"the {known['kind']} for {known['destination']} was claimed at {wording.moment(known['claimed_at'])} by a run "
        f"that is sending it or has crashed: try again in {_CLAIM_LIFETIME.seconds // 60} minutes"
    )


def _record_written(
    payload: dict[str, Any], ledger: Ledger, home: Home, kind: str, now: datetime, write_it: Callable[[], Path]
) -> str:
    # Under a key of its own: what stands in the outbox has not been sent.
    key = f"outbox/{key_of(payload)}"
    ledger.claim_message(key, kind=kind, destination=f"outbox {payload['channel']}", now=now)
    reached(Step.MESSAGE_CLAIMED)
    path = write_it()
    reached(Step.MESSAGE_POSTED)
    ledger.record_message_sent(key, reference=str(path.relative_to(home.root)), now=now)
    reached(Step.MESSAGE_RECORDED)
    return str(path)
