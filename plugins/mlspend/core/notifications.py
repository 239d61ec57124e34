"""What a message of a source's queue announces: manifests that S3 says were written, by whichever way it came.

Three ways are known: S3 → SQS, S3 → SNS → SQS (enveloped or raw), S3 → EventBridge → SQS (also through SNS). S3's own
notification encodes keys as in a URL (a blank is `+`, `=` may be `%3D`); EventBridge gives them as they are.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from mlspend.core.errors import MessageUnreadable

_QUEUE_REGION = re.compile(r"^https?://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?/")


@dataclass(frozen=True)
class AnnouncedObject:
    """An object that was written to a bucket; `key` as S3 itself takes it."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The s3:// address."""
        return f"s3://{self.bucket}/{self.key}"


def read_notification(body: str) -> tuple[AnnouncedObject, ...]:
    """Return the manifests that a message's body says were written.

    Empty where there is nothing to do: a test event, a deletion, an object that is no manifest. Raises
    MessageUnreadable, which says why, where the body is none of the notifications above.
    """
    raw = _parse(body, "the body")
    if raw.get("Type") == "Notification" and "Message" in raw:
        raw = _parse(raw["Message"], "the Message of the SNS envelope")
    elif raw.get("Type") == "SubscriptionConfirmation":
        raise MessageUnreadable(
            "SNS asks to confirm the queue's subscription, and sends nothing else before: confirm it with "
            "`aws sns confirm-subscription`"
        )
    try:
        written = _written(raw)
    except (KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise MessageUnreadable(f"the notification lacks or misspells {error}") from error
    return tuple(one for one in written if is_manifest_key(one.key))


def is_manifest_key(path: str) -> bool:
    """Return whether the name is that of a manifest; AWS has written it in several ways and folders.

    >>> is_manifest_key("metadata/BILLING_PERIOD=2026-10/cur2-Manifest.json"), is_manifest_key("cur2-00001.parquet")
    (True, False)
    """
    return path.lower().endswith("manifest.json")


def region_of(queue: str) -> str | None:
    """Return the AWS region that a queue's address names, None for an address of another kind.

    >>> region_of("https://sqs.eu-west-1.amazonaws.com/012345678901/billing"), region_of("http://127.0.0.1:5000/1/q")
    ('eu-west-1', None)
    """
    found = _QUEUE_REGION.match(queue)
    return (found[1] or found[2]) if found else None


def _parse(text: Any, what: str) -> Mapping[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise MessageUnreadable(f"{what} is no JSON ({error})") from error
    if not isinstance(raw, dict):
        raise MessageUnreadable(f"{what} is no JSON object")
    return raw


def _written(raw: Mapping[str, Any]) -> list[AnnouncedObject]:
    if raw.get("Event") == "s3:TestEvent":
        return []
    if "Records" in raw:
        return [
            AnnouncedObject(_text(record["s3"]["bucket"]["name"]), _decoded(record["s3"]["object"]["key"]))
            for record in raw["Records"]
            if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
        ]
    if raw.get("source") == "aws.s3":
        if raw["detail-type"] != "Object Created":
            return []
        return [AnnouncedObject(_text(raw["detail"]["bucket"]["name"]), _text(raw["detail"]["object"]["key"]))]
    raise MessageUnreadable(
        "it is no S3 notification, neither directly (Records) nor by EventBridge (source aws.s3); "
        f"its keys are {', '.join(map(ascii, sorted(raw)[:10])) or 'none'}"
    )


def _decoded(key: Any) -> str:
    return unquote_plus(_text(key), errors="strict")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a name, where {value!r} stands"[:200])
    value.encode()
    return value
