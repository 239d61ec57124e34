"""Landing as a task: what fails at once, what Airflow tries again, and whose credentials are used."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from moto.server import ThreadedMotoServer

from mlspend.adapters import example_company
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.errors import Transient
from mlspend.operators.landing import LandDeliveriesOperator, LandRefusedOperator
from mlspend.operators.run_notes import NOTE_KEY
from tests.aws_exports import cur2_line, focus_line, write_data_export, write_lines_csv
from tests.aws_server import BUCKET, BillingBucket


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One month of the example company's bill."""
    folder = tmp_path_factory.mktemp("exports")
    example_company.write_exports(folder, scale=1, months=1, end="2026-10")
    return folder


@pytest.fixture
def s3_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **source: str) -> None:
    path = tmp_path / "mlspend.yml"
    document = {"company": "Example", "sources": [{"name": "aws", "provider": "aws", **source}]}
    path.write_text(json.dumps(document))
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))


def land(left: dict[str, Any] | None = None, source: str = "aws") -> dict[str, int]:
    """Run the task; what it leaves for the next one goes into `left`."""
    operator = LandDeliveriesOperator(task_id="land_deliveries", source=source)
    landed: dict[str, int] = operator.execute({"ti": leaving(left if left is not None else {})})
    return landed


def leaving(left: dict[str, Any]) -> SimpleNamespace:
    """A task instance that writes what it pushes into `left`."""
    return SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))


def land_refused(refused: list[str]) -> dict[str, int]:
    landed: dict[str, int] = LandRefusedOperator(task_id="land_refused", source="aws", refused=refused).execute({})
    return landed


def test_what_landed_is_returned_by_period_and_again_only_what_is_new(
    home: Home, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, tmp_path, location=str(exports))
    landed = land()
    with Ledger.open(home) as ledger:
        assert landed == {"2026-10": ledger.current_receipts()[0].row_count}
    # Nothing is published yet, so a build must be started although nothing new was found: no skip.
    assert land() == {}


def test_a_source_that_has_delivered_nothing_wakes_nobody(
    home: Home, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, tmp_path, location=str(exports))
    monkeypatch.setattr("mlspend.adapters.pipeline.awaits_publication", lambda *_, **__: False)
    with pytest.raises(AirflowSkipException, match="aws: nothing new"):
        land()


def test_damaged_data_fails_at_once_and_names_source_period_and_file(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    example_company.write_exports(folder, scale=1, months=1, end="2026-10")
    damaged = next(folder.rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-100])
    configure(monkeypatch, tmp_path, location=str(folder))
    with pytest.raises(AirflowFailException) as failure:
        land()
    for word in ("aws", "2026-10", damaged.name):
        assert word in str(failure.value)


def test_a_bad_delivery_keeps_no_good_one_from_readers_and_does_not_pass_unseen(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    example_company.write_exports(folder, scale=1, months=2, end="2026-10")
    damaged = next(folder.rglob("data/BILLING_PERIOD=2026-10/*.parquet"))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-100])
    configure(monkeypatch, tmp_path, location=str(folder))
    left: dict[str, Any] = {}
    assert set(land(left)) == {"2026-09"}
    [reason] = left["refused"]
    assert damaged.name in reason
    with pytest.raises(AirflowFailException, match=damaged.name):
        land_refused(left["refused"])
    with pytest.raises(AirflowSkipException, match="nothing was refused"):
        land_refused([])
    damaged.write_bytes(whole)
    assert set(land_refused(left["refused"])) == {"2026-10"}
    with pytest.raises(AirflowSkipException, match="nothing more was landed"):
        land_refused(left["refused"])


def test_what_is_not_there_yet_is_tried_again(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, tmp_path, location=str(tmp_path / "not-there-yet"))
    with pytest.raises(Transient):
        land()


def test_a_configuration_that_is_wrong_fails_at_once(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, tmp_path, location="exports", colour="blue")
    with pytest.raises(AirflowFailException, match="ConfigInvalid"):
        land()


def test_two_exports_of_one_account_fail_the_landing_at_once_until_one_is_preferred(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_export(tmp_path / "aws", [cur2_line()])
    write_lines_csv(tmp_path / "aws_focus" / "focus.csv", [focus_line()])
    sources = [{"name": name, "provider": "aws", "location": str(tmp_path / name)} for name in ("aws", "aws_focus")]
    path = tmp_path / "mlspend.yml"
    path.write_text(json.dumps({"company": "Example", "sources": sources}))
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    assert set(land()) == {"2026-10"}
    left: dict[str, Any] = {}
    with pytest.raises(AirflowFailException, match=r"ExportsOverlap: .*2026-10: source 'aws' .* source 'aws_focus'"):
        land(left, "aws_focus")
    # The note tells that the delivery itself is landed, and then what is wrong.
    landed, *_, error = left[NOTE_KEY].splitlines()
    assert landed.startswith("aws_focus: landed 2026-10")
    assert error.startswith("ExportsOverlap: ")
    assert "'aws'" in error
    assert "'aws_focus'" in error

    path.write_text(json.dumps({"company": "Example", "sources": sources, "preferred_kinds": ["aws_cur2", "focus"]}))
    assert land(source="aws_focus") == {}


def test_the_connection_named_in_the_configuration_opens_the_bucket(
    home: Home, exports: Path, tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = {"aws_access_key_id": "key-of-the-connection", "aws_secret_access_key": "secret"}
    s3 = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1", **access)
    s3.create_bucket(Bucket="bills")
    for file in filter(Path.is_file, exports.rglob("*")):
        s3.upload_file(str(file), "bills", f"exports/{file.relative_to(exports)}")
    connection = {
        "conn_type": "aws",
        "login": access["aws_access_key_id"],
        "password": access["aws_secret_access_key"],
        "extra": {"endpoint_url": s3_endpoint, "region_name": "us-east-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_BILLING", json.dumps(connection))
    configure(monkeypatch, tmp_path, location="s3://bills/exports", connection="aws_billing")
    assert set(land()) == {"2026-10"}


class QueueEvents(list[Any]):
    """What Airflow gives a task of an inlet: all its events, or those since a time."""

    def after(self, since: str) -> "QueueEvents":
        return QueueEvents(event for event in self if event.timestamp >= datetime.fromisoformat(since))


@pytest.mark.parametrize("connection", [None, "aws_billing"])
def test_a_run_by_messages_lands_what_they_and_those_after_them_announce_and_deletes_them(
    connection: str | None, home: Home, exports: Path, tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow hands a run the first event that came while the run before was at work, and forgets the later ones."""
    bucket = BillingBucket(s3_endpoint)
    more = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    if connection:
        described = {"conn_type": "aws", "login": "key", "password": "secret", "extra": more}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_BILLING", json.dumps(described))
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    source = {"location": f"s3://{BUCKET}/exports", "queue": bucket.queue, "connection": connection}
    configure(monkeypatch, tmp_path, **{name: value for name, value in source.items() if value})
    bucket.notify()
    events = QueueEvents()
    for number in range(2):
        if number:
            bucket.upload(exports)
        extra = {"from_trigger": True, "payload": {"status": "success", "message_batch": bucket.receive()}}
        events.append(
            SimpleNamespace(timestamp=datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=number), extra=extra)
        )
    queue = Asset(name="queue_aws")
    operator = LandDeliveriesOperator(task_id="land_deliveries", source="aws", inlets=[queue])
    read = {"triggering_asset_events": {queue: events[:1]}, "inlet_events": {queue: events}}
    context: Any = {"ti": leaving({}), **read}
    assert set(operator.execute(context)) == {"2026-10"}
    assert bucket.count_messages() == 0


def test_a_run_by_the_clock_looks_at_the_whole_location_although_there_is_a_queue(
    home: Home, exports: Path, tmp_path: Path, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = BillingBucket(s3_endpoint)
    bucket.upload(exports)
    for name, value in (("AWS_ENDPOINT_URL", s3_endpoint), ("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")):
        monkeypatch.setenv(name, value)
    configure(monkeypatch, tmp_path, location=f"s3://{BUCKET}/exports", queue=bucket.queue)
    assert set(land()) == {"2026-10"}
