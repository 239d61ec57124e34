"""What a queue's messages lead to: the announced delivery is landed, then its message is deleted, never before."""

import json
import signal
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlspend.adapters import landing
from mlspend.adapters.announcements import land_announced
from mlspend.adapters.delivery_queue import DeliveryQueue, QueueMessage, connect_sqs, read_messages
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.pipeline import Landed
from mlspend.core.errors import ExportsNotLanded, ExportsRejected, QueueAccessDenied, QueueUnavailable, StateUnavailable
from mlspend.core.steps import Step
from tests import killing
from tests.aws_exports import EXPORT, cur2_line, legacy_line, write_data_export, write_legacy_report
from tests.aws_server import BUCKET, BillingBucket

LOCATION = f"s3://{BUCKET}/prefix"
NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)


@pytest.fixture
def bucket(aws_environment: str) -> BillingBucket:
    made = BillingBucket(aws_environment)
    made.notify()
    made.sqs.purge_queue(QueueUrl=made.queue)  # S3's test event
    return made


@pytest.fixture
def ledger(home: Home) -> Ledger:
    return Ledger.open(home)


def receive(bucket: BillingBucket) -> list[QueueMessage]:
    """What the queue holds, as Airflow hands it on."""
    return read_messages([{"from_trigger": True, "payload": {"status": "success", "message_batch": bucket.receive()}}])


def land(bucket: BillingBucket, home: Home, ledger: Ledger, messages: list[QueueMessage] | None = None) -> Landed:
    received = receive(bucket) if messages is None else messages
    queue = DeliveryQueue(bucket.queue)
    return land_announced("aws", LOCATION, received, queue, home, ledger, now=NOW, tell=print)


def periods(landed: Landed) -> list[str]:
    return [receipt.delivery.period for receipt in landed.receipts]


def test_only_what_is_announced_is_landed_and_its_message_deleted(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    bucket.notify(is_on=False)
    write_data_export(tmp_path / "old", [cur2_line()], period="2026-09")
    bucket.upload(tmp_path / "old")
    bucket.notify()
    write_data_export(tmp_path / "new", [cur2_line()], parts=1)
    bucket.upload(tmp_path / "new")
    landed = land(bucket, home, ledger)
    assert periods(landed) == ["2026-10"]
    assert {row["billing_period"] for row in ledger.deliveries()} == {"2026-10"}
    assert bucket.count_messages() == 0


def test_by_sns_by_sns_raw_and_by_event_bridge(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path, aws_environment: str
) -> None:
    """The bodies are those the services write, not ours."""
    sns: Any = boto3.client("sns")
    topics = [sns.create_topic(Name=name)["TopicArn"] for name in ("enveloped", "raw")]
    arn = "arn:aws:sqs:us-east-1:123456789012:deliveries"
    for topic, raw in zip(topics, ("false", "true"), strict=True):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    events: Any = boto3.client("events")
    events.put_rule(Name="manifests", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="manifests", Targets=[{"Id": "queue", "Arn": arn}])
    configurations = [
        {"TopicConfigurations": [{"TopicArn": topics[0], "Events": ["s3:ObjectCreated:*"]}]},
        {"TopicConfigurations": [{"TopicArn": topics[1], "Events": ["s3:ObjectCreated:*"]}]},
        {"EventBridgeConfiguration": {}},
    ]
    for period, configuration in zip(("2026-08", "2026-09", "2026-10"), configurations, strict=True):
        bucket.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)
        write_data_export(tmp_path / period, [cur2_line()], period=period)
        bucket.upload(tmp_path / period)
        assert periods(land(bucket, home, ledger)) == [period]
        assert bucket.count_messages() == 0
    assert ledger.dead_letters() == []


def test_a_batch_of_every_kind_is_dealt_with_in_one_run(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    write_data_export(tmp_path / "new", [cur2_line()], execution="new", at="2026-11-20T00:00:00.000Z")
    write_data_export(tmp_path / "old", [cur2_line()] * 2, execution="old", at="2026-11-19T00:00:00.000Z")
    bucket.upload(tmp_path / "new")
    assert periods(land(bucket, home, ledger)) == ["2026-10"]
    bucket.upload(tmp_path / "old")
    bucket.upload(tmp_path / "new")  # the same once more
    bucket.send(json.dumps({"Event": "s3:TestEvent", "Bucket": BUCKET}))
    bucket.send('{"order": 7}')
    bucket.s3.put_object(Bucket=BUCKET, Key="elsewhere/x-Manifest.json", Body=b"{}")
    bucket.s3.put_object(Bucket=BUCKET, Key="prefixes/x-Manifest.json", Body=b"{}")
    gone = json.dumps(
        {
            "Records": [
                {
                    "eventName": "ObjectCreated:Put",
                    "s3": {"bucket": {"name": BUCKET}, "object": {"key": "prefix/x-Manifest.json"}},
                }
            ]
        }
    )
    bucket.send(gone)
    landed = land(bucket, home, ledger)
    landed.raise_rejections()
    assert periods(landed) == []
    assert bucket.count_messages() == 0
    assert {row["version"]: row["status"] for row in ledger.deliveries()} == {"new": "landed", "old": "ignored"}
    [letter] = ledger.dead_letters()
    assert (letter["source"], letter["body"], letter["received_at"]) == ("aws", '{"order": 7}', NOW)
    assert "its keys are 'order'" in letter["reason"]


def test_a_message_stays_while_its_delivery_may_still_come(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    write_data_export(whole, [cur2_line()], period="2026-09")
    write_data_export(half, [cur2_line()])
    missing = next(half.rglob("*.parquet")).rename(tmp_path / "missing")
    bucket.upload(whole)
    bucket.upload(half)
    bucket.send("unreadable")
    messages = receive(bucket)
    landed = land(bucket, home, ledger, messages)
    with pytest.raises(ExportsNotLanded, match="2026-10"):
        landed.raise_rejections()
    assert periods(landed) == ["2026-09"]
    assert bucket.count_messages() == 1
    key = f"prefix/{EXPORT}/data/BILLING_PERIOD=2026-10/{EXPORT}-00001.snappy.parquet"
    bucket.s3.upload_file(str(missing), BUCKET, key)
    # Airflow tries the task again with the same messages: two of them are gone by now.
    assert periods(land(bucket, home, ledger, messages)) == ["2026-10"]
    assert bucket.count_messages() == 0


def test_what_is_refused_for_good_is_in_the_ledger_before_its_message_goes(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    """Damaged data; a manifest that is no JSON; one of an export nobody knows, which keeps back no other."""
    write_data_export(tmp_path / "good", [cur2_line()], period="2026-08")
    bucket.upload(tmp_path / "good")
    write_data_export(tmp_path / "bad", [cur2_line()])
    damaged = next((tmp_path / "bad").rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    bucket.upload(tmp_path / "bad")
    for period, content in (("2026-07", b"not JSON"), ("2026-06", b'{"executionId": "e", "dataFiles": []}')):
        key = f"prefix/{EXPORT}/metadata/BILLING_PERIOD={period}/{EXPORT}-Manifest.json"
        bucket.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    landed = land(bucket, home, ledger)
    with pytest.raises(ExportsRejected) as refused:
        landed.raise_rejections()
    for period in ("2026-10", "2026-07", "2026-06"):
        assert period in str(refused.value)
    assert periods(landed) == ["2026-08"]
    assert bucket.count_messages() == 0
    rejected = {row["billing_period"] for row in ledger.deliveries() if row["status"] == "rejected"}
    assert rejected == {"2026-10", "2026-07"}
    [letter] = ledger.dead_letters()
    assert "2026-06" in letter["reason"]


def test_a_message_stays_while_its_delivery_may_not_be_read(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    write_data_export(tmp_path / "new", [cur2_line()], parts=1)
    bucket.upload(tmp_path / "new")
    [data] = (tmp_path / "new").rglob("*.parquet")
    place = {"Bucket": BUCKET, "Key": data.relative_to(tmp_path / "new").as_posix(), "Body": data.read_bytes()}
    bucket.s3.put_object(**place, StorageClass="GLACIER")
    messages = receive(bucket)
    landed = land(bucket, home, ledger, messages)
    with pytest.raises(ExportsRejected, match="restore it"):
        landed.raise_rejections()
    assert bucket.count_messages() == 1
    bucket.s3.put_object(**place)
    assert periods(land(bucket, home, ledger, messages)) == ["2026-10"]
    assert bucket.count_messages() == 0


def test_several_exports_in_one_location_are_refused_although_one_alone_is_announced(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    bucket.notify(is_on=False)
    write_legacy_report(tmp_path / "legacy", [legacy_line()])
    bucket.upload(tmp_path / "legacy")
    bucket.notify()
    write_data_export(tmp_path / "cur2", [cur2_line()])
    bucket.upload(tmp_path / "cur2")
    with pytest.raises(ExportsRejected, match="several exports"):
        land(bucket, home, ledger).raise_rejections()
    assert ledger.current_receipts() == []
    assert bucket.count_messages() == 0
    assert "several exports" in ledger.dead_letters()[0]["reason"]


def test_a_legacy_report_announces_itself_twice_and_is_landed_once(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    write_legacy_report(tmp_path / "report", [legacy_line()] * 3)
    bucket.upload(tmp_path / "report")
    assert bucket.count_messages() == 2
    landed = land(bucket, home, ledger)
    assert [(receipt.delivery.version, receipt.row_count) for receipt in landed.receipts] == [("assembly-1", 3)]
    assert bucket.count_messages() == 0


def test_nothing_is_deleted_when_the_ledger_cannot_be_written(
    bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_export(tmp_path / "new", [cur2_line()])
    bucket.upload(tmp_path / "new")

    def fail(*_: Any) -> None:
        raise StateUnavailable("the state store did not answer")

    monkeypatch.setattr(ledger, "record_landed", fail)
    landed_before = landing.land
    calls: list[int] = []
    monkeypatch.setattr(
        landing, "land", lambda *a, **k: calls.append(bucket.count_messages()) or landed_before(*a, **k)
    )
    with pytest.raises(StateUnavailable):
        land(bucket, home, ledger)
    assert calls == [1]
    assert bucket.count_messages() == 1


@pytest.mark.parametrize("error", [QueueAccessDenied, QueueUnavailable])
def test_a_queue_that_refuses_to_delete_keeps_nothing_from_being_landed(
    error: type[Exception],
    bucket: BillingBucket,
    home: Home,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket.send(json.dumps({"Event": "s3:TestEvent", "Bucket": BUCKET}))
    write_data_export(tmp_path / "new", [cur2_line()])
    bucket.upload(tmp_path / "new")

    def refuse(*_: Any) -> None:
        raise error("no")

    monkeypatch.setattr(DeliveryQueue, "delete", refuse)
    with pytest.raises(error):
        land(bucket, home, ledger)
    assert [one.delivery.period for one in ledger.current_receipts()] == ["2026-10"]


def land_until_killed(url: str, home: Home, messages: list[QueueMessage], step: Step) -> None:
    """In a process of its own."""
    killing.listen(killing.Killer(killing.Order(step=step)))
    land_announced("aws", LOCATION, messages, DeliveryQueue(url), home, Ledger.open(home), now=NOW, tell=print)


@pytest.mark.parametrize(
    "step",
    [
        Step.DELIVERY_IN_PLACE,
        Step.LANDING_RECORDED,
        *(step for step in Step if step.kind == "announcing"),
    ],
)
def test_killed_on_the_way_the_message_comes_again_unless_all_is_done(
    step: Step, bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    write_data_export(tmp_path / "new", [cur2_line()])
    bucket.upload(tmp_path / "new")
    messages = receive(bucket)
    process = get_context("spawn").Process(target=land_until_killed, args=(bucket.queue, home, messages, step))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    is_recorded, is_deleted = step is not Step.DELIVERY_IN_PLACE, step is Step.MESSAGES_DELETED
    assert len(ledger.current_receipts()) == is_recorded
    assert bucket.count_messages() == (not is_deleted)
    assert receive(bucket) == []  # hidden until the visibility timeout, which is ended here
    if not is_deleted:
        [hidden] = messages
        bucket.sqs.change_message_visibility(
            QueueUrl=bucket.queue, ReceiptHandle=hidden.receipt_handle, VisibilityTimeout=0
        )
        again = receive(bucket)
        assert [message.message_id for message in again] == [hidden.message_id]
        assert periods(land(bucket, home, ledger, again)) == ([] if is_recorded else ["2026-10"])
    assert [one.delivery.period for one in ledger.current_receipts()] == ["2026-10"]
    assert len(list(home.landing.glob("*/*/*/receipt.json"))) == 1
    assert bucket.count_messages() == 0


def test_the_same_unreadable_message_received_again_is_one_dead_letter(
    bucket: BillingBucket, home: Home, ledger: Ledger
) -> None:
    bucket.send("unreadable")
    messages = receive(bucket)
    for _ in range(2):
        assert land(bucket, home, ledger, messages).receipts == ()
    assert len(ledger.dead_letters()) == 1


@pytest.mark.parametrize("body", [r'{"\ud800": 1}', r'{"\u0000": 1}', '{"\ud800": 1}', '{"\0": 1}', "\ud800\0"])
def test_a_body_that_no_state_store_takes_keeps_back_no_other(
    body: str, bucket: BillingBucket, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    write_data_export(tmp_path / "new", [cur2_line()])
    bucket.upload(tmp_path / "new")
    bucket.send("SQS itself takes no such body")
    messages = receive(bucket)
    messages[1] = replace(messages[1], body=body)
    assert periods(land(bucket, home, ledger, messages)) == ["2026-10"]
    assert bucket.count_messages() == 0
    assert [letter["message_id"] for letter in ledger.dead_letters()] == [messages[1].message_id]


def test_of_a_message_received_twice_the_last_receipt_handle_counts() -> None:
    events = [
        {"payload": {"message_batch": [{"MessageId": "a", "ReceiptHandle": handle, "Body": "x"}]}}
        for handle in ("1", "2")
    ]
    [message] = read_messages([*events, {}, {"payload": None}])
    assert message.receipt_handle == "2"


def test_a_receipt_handle_that_has_expired_fails_nothing(bucket: BillingBucket) -> None:
    for number in range(12):
        bucket.send(str(number))
    first, rest = receive(bucket), receive(bucket)
    queue = DeliveryQueue(bucket.queue)
    queue.delete(first)
    queue.delete([*first, *rest])
    assert bucket.count_messages() == 0


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDenied", 403, QueueAccessDenied),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, QueueAccessDenied),
        ("RequestThrottled", 400, QueueUnavailable),
        ("ServiceUnavailable", 503, QueueUnavailable),
    ],
)
def test_a_queue_that_refuses_says_whether_a_retry_helps(
    code: str, status: int, error: type[Exception], aws_environment: str
) -> None:
    client = connect_sqs("http://127.0.0.1/1/q")
    messages = read_messages([{"payload": {"message_batch": [{"MessageId": "a", "ReceiptHandle": "h", "Body": "x"}]}}])
    with Stubber(client) as stub:
        stub.add_client_error("delete_message_batch", code, http_status_code=status)
        with pytest.raises(error, match=r"http://127\.0\.0\.1/1/q"):
            DeliveryQueue("http://127.0.0.1/1/q", client).delete(messages)


@pytest.mark.parametrize(("is_ours", "raises"), [(True, False), (False, True)])
def test_one_message_of_a_batch_that_is_not_deleted(is_ours: bool, raises: bool, aws_environment: str) -> None:
    client = connect_sqs("http://127.0.0.1/1/q")
    messages = read_messages([{"payload": {"message_batch": [{"MessageId": "a", "ReceiptHandle": "h", "Body": "x"}]}}])
    failed = [{"Id": "0", "SenderFault": is_ours, "Code": "ReceiptHandleIsInvalid"}]
    with Stubber(client) as stub:
        stub.add_response("delete_message_batch", {"Successful": [], "Failed": failed})
        if raises:
            with pytest.raises(QueueUnavailable):
                DeliveryQueue("http://127.0.0.1/1/q", client).delete(messages)
        else:
            DeliveryQueue("http://127.0.0.1/1/q", client).delete(messages)
