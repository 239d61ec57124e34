"""Bodies as AWS sends them: what each announces, what is nothing to do, and what cannot be read and why."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.errors import MessageUnreadable
from mlspend.core.notifications import AnnouncedObject, read_notification, region_of

KEY = "exports/cur2/metadata/BILLING_PERIOD=2026-10/cur2 Manifest+1-Manifest.json"
# Any text that S3 takes as a key: no lone halves of characters.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(lambda text: f"{text}-Manifest.json")


def direct(*keys: str, event: str = "ObjectCreated:Put") -> str:
    """S3's own notification; `keys` as it encodes them."""
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": event,
            "s3": {"bucket": {"name": "bills"}, "object": {"key": key, "size": 10, "sequencer": "0055AED6DCD90281E5"}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


def enveloped(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:…", "Message": message})


def by_event_bridge(key: str, kind: str = "Object Created") -> str:
    return json.dumps(
        {
            "version": "0",
            "detail-type": kind,
            "source": "aws.s3",
            "detail": {"version": "0", "bucket": {"name": "bills"}, "object": {"key": key, "size": 10}},
        }
    )


@given(KEYS)
def test_every_key_comes_back_by_every_way(key: str) -> None:
    announced = (AnnouncedObject("bills", key),)
    assert read_notification(direct(quote_plus(key))) == announced
    assert read_notification(direct(quote_plus(key, safe="/"))) == announced
    assert read_notification(direct(quote(key))) == announced
    assert read_notification(enveloped(direct(quote_plus(key)))) == announced
    assert read_notification(by_event_bridge(key)) == announced
    assert read_notification(enveloped(by_event_bridge(key))) == announced


def test_a_key_is_decoded_where_s3_encodes_it_and_only_there() -> None:
    encoded = "exports/cur2/metadata/BILLING_PERIOD%3D2026-10/cur2+Manifest%2B1-Manifest.json"
    assert read_notification(direct(encoded)) == (AnnouncedObject("bills", KEY),)
    assert read_notification(by_event_bridge(encoded)) == (AnnouncedObject("bills", encoded),)
    assert read_notification(direct(encoded))[0].uri == f"s3://bills/{KEY}"


def test_of_several_records_the_manifests_are_announced() -> None:
    body = direct("a/Manifest.json", "a/part-1.parquet", "b/x-manifest.json", "c/report-MANIFEST.JSON")
    assert [each.key for each in read_notification(body)] == [
        "a/Manifest.json",
        "b/x-manifest.json",
        "c/report-MANIFEST.JSON",
    ]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-25T06:00:00Z", "Bucket": "bills"}
        ),
        enveloped(json.dumps({"Event": "s3:TestEvent"})),
        direct("a/x-Manifest.json", event="ObjectRemoved:Delete"),
        direct("a/x-Manifest.json", event="ObjectTagging:Put"),
        direct("a/x.parquet"),
        direct(),
        by_event_bridge("a/x-Manifest.json", "Object Deleted"),
        by_event_bridge("a/x.csv.gz"),
    ],
)
def test_nothing_to_do(body: str) -> None:
    assert read_notification(body) == ()


@pytest.mark.parametrize(
    "event", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"]
)
def test_however_the_manifest_was_written(event: str) -> None:
    assert len(read_notification(direct("a/x-Manifest.json", event=event))) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body is no JSON"),
        ("hello", "the body is no JSON"),
        ("[" * 100_000, "the body is no JSON"),
        ("[1, 2]", "the body is no JSON object"),
        ("{}", "no S3 notification.*its keys are none"),
        ('{"order": 7, "customer": 8}', "its keys are 'customer', 'order'"),
        (enveloped("hello"), "the Message of the SNS envelope is no JSON"),
        ('{"Type": "Notification", "Message": {"Records": []}}', "the Message of the SNS envelope is no JSON"),
        ('{"Type": "SubscriptionConfirmation", "Token": "t0ken"}', "confirm it with `aws sns confirm-subscription`"),
        ('{"Records": [{"eventName": "ObjectCreated:Put"}]}', "lacks or misspells 's3'"),
        ('{"Records": [{"body": "of another service"}]}', "lacks or misspells 'eventName'"),
        ('{"Records": 7}', "lacks or misspells"),
        (r'{"\ud800": 1, "\u0000": 2}', r"its keys are '\\x00', '\\ud800'"),
        (direct("").replace('""', "null"), "lacks or misspells a name"),
        (direct("a%FF-Manifest.json"), "lacks or misspells.*utf-8"),
        (by_event_bridge("\ud800-Manifest.json"), "lacks or misspells.*surrogates"),
        ('{"source": "aws.s3", "detail-type": "Object Created"}', "lacks or misspells 'detail'"),
    ],
)
def test_what_cannot_be_read_says_why(body: str, reason: str) -> None:
    with pytest.raises(MessageUnreadable, match=reason) as refused:
        read_notification(body)
    assert "t0ken" not in str(refused.value)


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "eventName", "s3", "bucket", "object", "key", "name", "Type", "Message", "source", "detail"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON.map(json.dumps) | st.text(max_size=40))
def test_no_body_whatever_breaks_the_reader(body: str) -> None:
    with suppress(MessageUnreadable):
        assert isinstance(read_notification(body), tuple)


@pytest.mark.parametrize(
    ("queue", "region"),
    [
        ("https://sqs.us-east-1.amazonaws.com/012345678901/billing", "us-east-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/012345678901/billing", "cn-north-1"),
        ("https://eu-central-1.queue.amazonaws.com/012345678901/billing", "eu-central-1"),
        ("http://127.0.0.1:5000/123456789012/billing", None),
        ("https://queue.example.com/sqs.us-east-1.amazonaws.com/", None),
    ],
)
def test_a_queue_lies_in_the_region_its_address_names(queue: str, region: str | None) -> None:
    assert region_of(queue) == region
