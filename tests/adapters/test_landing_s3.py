"""The same exports in a bucket: found, downloaded, verified and landed as from a folder."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from mlspend.adapters.discovery import discover
from mlspend.adapters.home import Home
from mlspend.adapters.landing import land
from mlspend.adapters.object_stores import connect_s3, open_store
from mlspend.core.deliveries import ExportFile, Receipt
from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    MlspendError,
    StoreAccessDenied,
    StoreUnavailable,
)
from tests.aws_exports import (
    BUCKET,
    cur2_line,
    focus_line,
    landed,
    legacy_line,
    write_data_export,
    write_legacy_report,
    write_lines_csv,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3(aws_environment: str) -> "S3Client":
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    return client


def upload(client: "S3Client", folder: Path, prefix: str = "") -> None:
    """Data first, manifests last, as AWS does."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path.name.endswith("Manifest.json")):
        client.put_object(Bucket=BUCKET, Key=prefix + path.relative_to(folder).as_posix(), Body=path.read_bytes())


def land_all(location: str, home: Home, client: "S3Client | None" = None) -> list[Receipt]:
    now = datetime.now(UTC)
    return [land(each, home, known_currencies={}, now=now, s3=client) for each in discover(location, "aws", s3=client)]


def test_a_data_export_lands_from_a_bucket_as_from_a_folder(tmp_path: Path, home: Home, s3: "S3Client") -> None:
    export = tmp_path / "export"
    write_data_export(export, [cur2_line(line_item_unblended_cost=n / 8) for n in range(40)], parts=5)
    upload(s3, export)
    s3.put_object(Bucket=BUCKET, Key="prefix/ml-costs/data/BILLING_PERIOD=2026-10/", Body=b"")
    [local] = land_all(str(export), Home(tmp_path / "local"))
    [remote] = land_all(f"s3://{BUCKET}/prefix/ml-costs", home)
    assert remote.delivery.files[0].uri.startswith(f"s3://{BUCKET}/prefix/ml-costs/data/")
    assert all(file.etag for file in remote.delivery.files)
    assert remote.control_totals == local.control_totals
    columns = ("line_item_unblended_cost", "tags", "line_item_usage_start_date")
    assert landed(home, remote, *columns) == landed(Home(tmp_path / "local"), local, *columns)
    assert not list((home.landing / ".incoming").glob("*/"))


@pytest.mark.parametrize("location", ["", "/", "/prefix", "/prefix/", "/prefix/report/20261001-20261101"])
def test_a_legacy_report_from_any_prefix(tmp_path: Path, home: Home, s3: "S3Client", location: str) -> None:
    write_legacy_report(tmp_path / "export", [legacy_line()] * 3, assembly="old")
    write_legacy_report(tmp_path / "export", [legacy_line()] * 4, assembly="new", parts=2)
    upload(s3, tmp_path / "export")
    [receipt] = land_all(f"s3://{BUCKET}{location}", home)
    assert (receipt.delivery.version, receipt.row_count) == ("new", 4)


def test_a_copy_under_another_prefix_and_bucket(tmp_path: Path, home: Home, s3: "S3Client") -> None:
    write_data_export(tmp_path / "export", [cur2_line()])
    upload(s3, tmp_path / "export", "replicas/2026/")
    [receipt] = land_all(f"s3://{BUCKET}/replicas", home)
    assert receipt.row_count == 1


def test_files_without_manifest_and_a_single_object(tmp_path: Path, home: Home, s3: "S3Client") -> None:
    lines = [focus_line(), focus_line(BillingPeriodStart="2026-09-01 00:00:00", BilledCost="2")]
    write_lines_csv(tmp_path / "export" / "focus.csv.gz", lines)
    upload(s3, tmp_path / "export")
    receipts = land_all(f"s3://{BUCKET}", home)
    assert [(receipt.delivery.period, receipt.row_count) for receipt in receipts] == [("2026-09", 1), ("2026-10", 1)]
    again = discover(f"s3://{BUCKET}/focus.csv.gz", "aws")
    assert [delivery.version for delivery in again] == [receipt.delivery.version for receipt in receipts]


def test_credentials_and_endpoint_given_by_a_connection(
    tmp_path: Path, home: Home, s3: "S3Client", s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_export(tmp_path / "export", [cur2_line()])
    upload(s3, tmp_path / "export")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = connect_s3(endpoint_url=s3_endpoint, access_key_id="a", secret_access_key="b", region="eu-west-1")
    assert land_all(f"s3://{BUCKET}", home, client)[0].row_count == 1


def test_an_object_replaced_between_listing_and_download(tmp_path: Path, home: Home, s3: "S3Client") -> None:
    write_data_export(tmp_path / "export", [cur2_line()])
    upload(s3, tmp_path / "export")
    [delivery] = discover(f"s3://{BUCKET}", "aws")
    key = delivery.files[0].uri.removeprefix(f"s3://{BUCKET}/")
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * delivery.files[0].size)
    with pytest.raises(ExportReplaced, match=r"'aws', billing period 2026-10.*s3://.*replaced"):
        land(delivery, home, known_currencies={}, now=datetime.now(UTC))


def test_data_newer_than_its_manifest_is_the_next_delivery_on_its_way(
    tmp_path: Path, home: Home, s3: "S3Client"
) -> None:
    write_data_export(tmp_path / "export", [cur2_line()])
    upload(s3, tmp_path / "export")
    [delivery] = discover(f"s3://{BUCKET}", "aws")
    old = type(delivery)(**{**delivery.__dict__, "delivered_at": delivery.delivered_at - timedelta(hours=8)})
    with pytest.raises(ExportReplaced, match=r"2026-10.*after its manifest"):
        land(old, home, known_currencies={}, now=datetime.now(UTC))
    assert land(old, home, known_currencies={}, now=datetime.now(UTC) + timedelta(hours=2)).row_count == 1


def test_an_object_gone_after_listing_and_a_part_never_delivered(tmp_path: Path, home: Home, s3: "S3Client") -> None:
    write_data_export(tmp_path / "export", [cur2_line()] * 2, parts=2)
    upload(s3, tmp_path / "export")
    [delivery] = discover(f"s3://{BUCKET}", "aws")
    s3.delete_object(Bucket=BUCKET, Key=delivery.files[1].uri.removeprefix(f"s3://{BUCKET}/"))
    with pytest.raises(ExportNotDelivered, match=r"2026-10.*-00002\.snappy\.parquet"):
        land(delivery, home, known_currencies={}, now=datetime.now(UTC))
    with pytest.raises(ExportNotDelivered, match=r"2026-10.*-00002\.snappy\.parquet is named by manifest"):
        land_all(f"s3://{BUCKET}", home)


@pytest.mark.parametrize("location", [f"s3://{BUCKET}/nothing/here", "s3://no-such-bucket/prefix"])
def test_nothing_there(s3: "S3Client", location: str) -> None:
    with pytest.raises(ExportNotDelivered, match=location):
        discover(location, "aws")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDenied", 403, StoreAccessDenied),
        ("ExpiredToken", 400, StoreAccessDenied),
        ("InvalidAccessKeyId", 403, StoreAccessDenied),
        ("NoSuchBucket", 404, ExportNotDelivered),
        ("SlowDown", 503, StoreUnavailable),
        ("InternalError", 500, StoreUnavailable),
        ("RequestTimeout", 400, StoreUnavailable),
        ("PreconditionFailed", 412, ExportReplaced),
    ],
)
def test_errors_of_s3_tell_who_must_act(
    code: str, status: int, expected: type[MlspendError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    client = connect_s3(access_key_id="a", secret_access_key="b")
    with Stubber(client) as stubber:
        stubber.add_client_error("list_objects_v2", code, http_status_code=status)
        with pytest.raises(expected, match=r"s3://bills/x"):
            open_store("s3://bills/x", client).list_objects()


def test_no_credentials_and_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreAccessDenied, match="no AWS credentials"):
        discover("s3://bills/x", "aws")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        client = connect_s3(endpoint_url=address, access_key_id="a", secret_access_key="b")
        monkeypatch.setattr("time.sleep", lambda _: None)
        with pytest.raises(StoreUnavailable, match="try again"):
            discover("s3://bills/x", "aws", s3=client)


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "finops")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreAccessDenied, match=r"source 'aws': .*finops.*correct profile or region"):
        discover("s3://bills/x", "aws")


def test_a_bucket_name_that_cannot_be_one(s3: "S3Client") -> None:
    with pytest.raises(
        StoreAccessDenied, match=r"source 'aws': s3://My Bills!/x cannot be the name of a bucket.*correct the"
    ):
        discover("s3://My Bills!/x", "aws")


def test_a_download_that_ends_early_is_tried_again_later(
    tmp_path: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = s3.put_object(Bucket=BUCKET, Key="a.bin", Body=b"12345")
    store = open_store(f"s3://{BUCKET}", s3)
    assert store.fetch(ExportFile(f"s3://{BUCKET}/a.bin", 5, answer["ETag"]), tmp_path).read_bytes() == b"12345"
    get: Any = s3.get_object
    monkeypatch.setattr("time.sleep", lambda _: None)

    def cut_short(**options: Any) -> Any:
        found = get(**options)
        found["Body"].read(2)
        return found

    monkeypatch.setattr(s3, "get_object", cut_short)
    with pytest.raises(StoreUnavailable, match=r"a\.bin.*3 of 5 bytes"):
        store.fetch(ExportFile(f"s3://{BUCKET}/a.bin", 5, answer["ETag"]), tmp_path)
