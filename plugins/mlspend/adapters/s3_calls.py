"""What landing asks of S3: requests are counted as they are sent, and recorded by operation with their list price."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlspend.adapters.ledger import Ledger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# USD for one request to S3 Standard in us-east-1, https://aws.amazon.com/s3/pricing/ ("Requests and data retrievals"):
# LIST $0.005 for 1,000; GET and all others that landing sends $0.0004 for 1,000. Other regions and classes differ.
_LIST_PRICE = Decimal("0.000005")
_GET_PRICE = Decimal("0.0000004")
_EVENT = "before-send.s3"


@contextmanager
def counting(s3: "S3Client | None", ledger: Ledger, source: str, now: datetime) -> Iterator[None]:
    """Record at the end what `s3` (None: there is none) was asked for `source` within, each repetition too.

    Unlike what the billing APIs ask a cent for, it is recorded after the fact: a crash loses the count of its own run.
    """
    if s3 is None:
        yield
        return
    counts: Counter[str] = Counter()
    lock = threading.Lock()

    def note(event_name: str, **_: Any) -> None:
        # Downloads run side by side.
        with lock:
            counts[event_name.rpartition(".")[2]] += 1

    s3.meta.events.register(f"{_EVENT}.*", note)
    try:
        yield
    finally:
        s3.meta.events.unregister(f"{_EVENT}.*", note)
        for operation, count in sorted(counts.items()):
            price = _LIST_PRICE if operation.startswith("List") else _GET_PRICE
            ledger.record_api_call("s3", operation, source, now, price * count, count=count)
