"""Landing what a source's queue announces, and nothing else; then the messages are deleted, never before."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mlspend.adapters import landing, pipeline, s3_calls
from mlspend.adapters.delivery_queue import DeliveryQueue, QueueMessage
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.pipeline import Landed, Tell
from mlspend.adapters.s3_store import connect_s3, split_s3
from mlspend.adapters.steps import reached
from mlspend.core.deliveries import Delivery
from mlspend.core.errors import ExportContractBroken, ExportUnreadable, ExportUnrecognised, MessageUnreadable
from mlspend.core.notifications import read_notification
from mlspend.core.retention import Limits
from mlspend.core.steps import Step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


def land_announced(
    source: str,
    location: str,
    messages: Sequence[QueueMessage],
    queue: DeliveryQueue,
    home: Home,
    ledger: Ledger,
    *,
    now: datetime,
    tell: Tell,
    s3: "S3Client | None" = None,
    limits: Limits | None = None,
) -> Landed:
    """Land the deliveries below `location` that `messages` announce, as `pipeline.land` does for all of them.

    A message is deleted once the ledger knows what became of all it announces: landed, known before, older, or
    rejected for good. One that announces nothing here (a test, a deletion, an object elsewhere) is deleted too; one
    that cannot be read, or whose manifest cannot be told to be a delivery, becomes a dead letter and is deleted. Where
    a retry may help, or a permission is missing, it stays. Raises the errors of the store, the queue and the ledger;
    then what is not dealt with stays in the queue.
    """
    announced: dict[QueueMessage, set[str]] = {}
    for message in messages:
        try:
            objects = read_notification(message.body)
        except MessageUnreadable as error:
            logger.warning("source %s: message %s becomes a dead letter: %s", source, message.message_id, error)
            ledger.record_dead_letter(source, message.message_id, message.body, str(error), now)
            objects = ()
        announced[message] = {one.uri for one in objects if _lies_below(location, one.uri)}
    manifests = {uri for uris in announced.values() for uri in uris}
    if not manifests:
        queue.delete(messages)
        return Landed(source, (), (), 0)
    telling = sum(bool(uris) for uris in announced.values())
    tell(f"looking for deliveries of {source} that {telling} messages announce")
    s3 = s3 or connect_s3()  # one for the whole run, as in pipeline.land
    with s3_calls.counting(s3, ledger, source, now):
        found, faults = _discover(location, source, manifests, s3)
        landed = pipeline.land_deliveries(source, found, home, ledger, now=now, tell=tell, s3=s3, limits=limits)
    for message, uris in announced.items():
        if reasons := [faults[uri] for uri in sorted(uris & faults.keys())]:
            ledger.record_dead_letter(source, message.message_id, message.body, "\n".join(reasons), now)
    unsettled = _unsettled(landed, found, manifests - faults.keys())
    reached(Step.MESSAGES_SETTLED)
    # Last, and all at once: a queue that refuses keeps nothing from being landed.
    queue.delete([message for message, uris in announced.items() if not uris & unsettled])
    reached(Step.MESSAGES_DELETED)
    return replace(landed, faults=tuple(faults.values()))


def _lies_below(location: str, uri: str) -> bool:
    bucket, prefix = split_s3(location)
    folder = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
    return uri == location or uri.startswith(f"s3://{bucket}/{folder}")


def _discover(
    location: str, source: str, uris: Collection[str], s3: "S3Client | None"
) -> tuple[list[Delivery], dict[str, str]]:
    """Return what the manifests at `uris` deliver, and for each that cannot be told to be a delivery the reason."""
    try:
        return landing.discover(location, source, s3=s3, manifests=uris), {}
    except (ExportUnrecognised, ExportUnreadable, ExportContractBroken) as error:
        if len(uris) == 1:
            return [], dict.fromkeys(uris, str(error))
    # One of them is at fault: each alone, so that it does not keep back the others.
    found: list[Delivery] = []
    faults: dict[str, str] = {}
    for uri in sorted(uris):
        deliveries, fault = _discover(location, source, [uri], s3)
        found += deliveries
        faults |= fault
    return found, faults


def _unsettled(landed: Landed, found: Sequence[Delivery], uris: Collection[str]) -> set[str]:
    """Return those of the manifests at `uris` whose delivery is to be tried again: a permission may mend it too.

    Two manifests may stand for one delivery, which names one of them: then the other waits too.
    """
    waiting = {one.delivery.manifest_uri for one in landed.rejections if one.is_denied or not one.is_final}
    settled = {one.manifest_uri for one in found} - waiting
    return {uri for uri in uris if uri not in settled} if waiting else set()
