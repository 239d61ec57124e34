"""Landing while network and store fail: bounded retries where they may help, a clear no at once where they cannot."""

import functools
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.retries import standard
from typer.testing import CliRunner

from mlspend.adapters import pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.object_stores import connect_s3
from mlspend.adapters.pipeline import Landed
from mlspend.cli import app
from mlspend.core.errors import (
    ExportNotDelivered,
    ExportReplaced,
    ExportsNotLanded,
    ExportsRejected,
    MlspendError,
    StoreAccessDenied,
    StoreUnavailable,
)
from tests.aws_exports import BUCKET, cur2_line, write_data_export
from tests.fault_proxy import (
    Deed,
    FaultProxy,
    claim_length,
    fault_proxy,
    first,
    hang_up,
    keep_silent,
    refuse,
    reset_half_way,
    say,
    stall_half_way,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOCATION = f"s3://{BUCKET}/prefix/ml-costs"
LISTING = r"list-type=2"
MANIFEST = r"2026-10/.*Manifest\.json"
FILE = r"2026-10/.*-00001\.snappy\.parquet"
ATTEMPTS = 5
DOWNLOADS = 4
SILENCE = 1


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait of the retries, in seconds; none is really waited."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


@pytest.fixture
def s3(aws_environment: str) -> "S3Client":
    """The bucket with two billing periods, past the proxy."""
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def proxy(s3: "S3Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """What mlspend sees of that bucket."""
    deliver(s3, tmp_path / "export")
    with fault_proxy(s3.meta.endpoint_url) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.address)
        yield between


def deliver(client: "S3Client", folder: Path, *, execution: str = "exec-1", lines: int = 3) -> None:
    september = {"bill_billing_period_start_date": "2026-09-01", "line_item_usage_start_date": "2026-09-01 05:00:00"}
    write_data_export(folder, [cur2_line(**september)] * lines, period="2026-09", execution=execution)
    write_data_export(folder, [cur2_line()] * lines, execution=execution)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path.name.endswith("Manifest.json")):
        client.put_object(Bucket=BUCKET, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())


def land(home: Home, ledger: Ledger) -> Landed:
    return pipeline.land("aws", LOCATION, home, ledger, now=datetime.now(UTC), tell=lambda _: None)


def periods(landed: Landed) -> list[str]:
    return [receipt.delivery.period for receipt in landed.receipts]


def written(home: Home) -> list[str]:
    """Landed deliveries, and whatever an attempt has left."""
    return sorted(str(path.relative_to(home.landing)) for path in home.landing.glob("*/*/*") if path.name != "lock")


def standing(ledger: Ledger) -> str:
    """What the ledger says of October: status and reason."""
    [row] = [row for row in ledger.deliveries() if row["billing_period"] == "2026-10"]
    return f"{row['status']}: {row['reason']}"


def the_next_run_is_right(home: Home, ledger: Ledger, proxy: FaultProxy) -> None:
    proxy.heal()
    known = {one.delivery.period for one in ledger.current_receipts()}
    assert set(periods(land(home, ledger))) == {"2026-09", "2026-10"} - known
    assert [one.row_count for one in ledger.current_receipts()] == [3, 3]
    assert not land(home, ledger).receipts
    assert written(home) == ["aws/2026-09/exec-1", "aws/2026-10/exec-1"]


PASSING = {
    "slow down": refuse(503, "SlowDown"),
    "internal error": refuse(500, "InternalError"),
    "request timeout": refuse(400, "RequestTimeout"),
    "throttled": refuse(400, "RequestLimitExceeded"),
    "hang up": hang_up(),
}


@pytest.mark.parametrize(
    ("what", "at"), [*((what, FILE) for what in PASSING), ("slow down", LISTING), ("hang up", MANIFEST)]
)
def test_what_passes_is_waited_for(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], what: str, at: str
) -> None:
    proxy.fail(PASSING[what], path=at, times=ATTEMPTS - 1)
    assert periods(land(home, ledger)) == ["2026-09", "2026-10"]
    assert proxy.count(at) == ATTEMPTS
    assert len(sleeps) == ATTEMPTS - 1


@pytest.mark.parametrize(
    "deed", [reset_half_way(), claim_length(100), claim_length(-100)], ids=["reset", "more", "less"]
)
@pytest.mark.parametrize("at", [MANIFEST, FILE], ids=["manifest", "file"])
def test_a_body_that_breaks_off_is_fetched_again(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], deed: Deed, at: str
) -> None:
    proxy.fail(deed, path=at, times=DOWNLOADS - 1)
    assert periods(land(home, ledger)) == ["2026-09", "2026-10"]
    assert proxy.count(at) == DOWNLOADS
    assert len(sleeps) == DOWNLOADS - 1


STAYING = {
    "slow down": (refuse(503, "SlowDown"), ATTEMPTS, "asks for fewer requests"),
    "internal error": (refuse(500, "InternalError"), ATTEMPTS, "did not answer properly"),
    "hang up": (hang_up(), ATTEMPTS, "did not answer properly"),
    "silence": (keep_silent(30), ATTEMPTS, "Read timeout"),
    "too many requests": (refuse(429, "TooManyRequestsException"), ATTEMPTS, "asks for fewer requests"),
    "reset": (reset_half_way(), DOWNLOADS, "broke off 4 times"),
    "stall": (stall_half_way(30), DOWNLOADS, "broke off 4 times"),
    "too long": (claim_length(100), DOWNLOADS, "broke off 4 times"),
    "too short": (claim_length(-100), DOWNLOADS, "4 times"),
}


@pytest.mark.parametrize("what", STAYING)
def test_what_stays_is_given_up_and_tried_again_by_the_next_run(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deed, attempts, words = STAYING[what]
    proxy.fail(deed, path=FILE)
    with monkeypatch.context() as impatient:
        if what in ("silence", "stall"):
            impatient.setattr("mlspend.adapters.s3_store._READ_TIMEOUT", SILENCE)
        landed = land(home, ledger)
    assert periods(landed) == ["2026-09"]
    with pytest.raises(ExportsNotLanded, match=rf"'aws', billing period 2026-10.*s3://.*-00001.*{words}.*try again"):
        landed.raise_rejections()
    assert proxy.count(FILE) == attempts
    # On a slow machine an impatient client also repeats what is only late.
    assert len(sleeps) == attempts - 1 or (what in ("silence", "stall") and len(sleeps) >= attempts)
    assert re.match(f"seen: to be tried again.*'aws', billing period 2026-10.*{words}", standing(ledger))
    assert written(home) == ["aws/2026-09/exec-1"]
    the_next_run_is_right(home, ledger, proxy)


REFUSED = {
    "expired": (refuse(400, "ExpiredToken"), "credentials have expired.*renew them"),
    "expired with 403": (refuse(403, "ExpiredToken"), "credentials have expired.*renew them"),
    "denied": (refuse(403, "AccessDenied"), "check credentials, s3:ListBucket and s3:GetObject"),
    "wrong key": (refuse(403, "InvalidAccessKeyId"), "check credentials"),
    "wrong clock": (refuse(403, "RequestTimeTooSkewed"), "set the clock"),
    "archived": (refuse(403, "InvalidObjectState"), "restore it"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refusal_is_final_at_once_and_says_what_to_do(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], what: str
) -> None:
    deed, words = REFUSED[what]
    proxy.fail(deed, path=FILE)
    landed = land(home, ledger)
    assert periods(landed) == ["2026-09"]
    with pytest.raises(ExportsRejected, match=rf"'aws', billing period 2026-10.*s3://.*-00001.*{words}"):
        landed.raise_rejections()
    assert (proxy.count(FILE), sleeps) == (1, [])
    assert re.match(f"rejected.*'aws', billing period 2026-10.*{words}", standing(ledger))
    assert written(home) == ["aws/2026-09/exec-1"]
    the_next_run_is_right(home, ledger, proxy)


@pytest.mark.parametrize("at", [LISTING, MANIFEST], ids=["listing", "manifest"])
@pytest.mark.parametrize(
    ("deed", "error", "words", "attempts"),
    [
        (refuse(503, "SlowDown"), StoreUnavailable, "asks for fewer requests.*try again", ATTEMPTS),
        (refuse(403, "ExpiredToken"), StoreAccessDenied, "credentials have expired.*renew them", 1),
        (refuse(403, "AccessDenied"), StoreAccessDenied, "check credentials", 1),
        (refuse(301, "PermanentRedirect"), StoreAccessDenied, "set that region", None),
    ],
    ids=["slow down", "expired", "denied", "region"],
)
def test_where_nothing_can_be_found_nothing_is_recorded(
    home: Home,
    ledger: Ledger,
    proxy: FaultProxy,
    sleeps: list[float],
    at: str,
    deed: Deed,
    error: type[MlspendError],
    words: str,
    attempts: int | None,
) -> None:
    proxy.fail(deed, path=at)
    with pytest.raises(error, match=f"source 'aws': s3://.*{words}"):
        land(home, ledger)
    assert proxy.count(at) == attempts or attempts is None
    assert written(home) == []
    assert ledger.deliveries() == []
    the_next_run_is_right(home, ledger, proxy)


@pytest.mark.parametrize("body", [b"<html>log in to this network</html>", b"<ListBucketResult><Contents>"])
def test_an_answer_that_is_none(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], body: bytes
) -> None:
    proxy.fail(say(body), path=LISTING)
    with pytest.raises((StoreUnavailable, ExportNotDelivered), match="source 'aws'"):
        land(home, ledger)
    assert proxy.count(LISTING) <= ATTEMPTS
    the_next_run_is_right(home, ledger, proxy)


def test_an_object_replaced_between_listing_and_reading(
    home: Home, ledger: Ledger, proxy: FaultProxy, s3: "S3Client", sleeps: list[float]
) -> None:
    [(key, content)] = [
        (item["Key"], s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read())
        for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        if re.search(FILE, item["Key"])
    ]
    proxy.fail(first(lambda: s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * len(content))), path=FILE, times=1)
    landed = land(home, ledger)
    assert periods(landed) == ["2026-09"]
    with pytest.raises(ExportsNotLanded, match=r"'aws', billing period 2026-10.*was replaced.*try again"):
        landed.raise_rejections()
    assert (proxy.count(FILE), sleeps) == (1, [])
    assert written(home) == ["aws/2026-09/exec-1"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    the_next_run_is_right(home, ledger, proxy)


def test_an_object_replaced_between_two_downloads_is_never_put_together_of_both(
    home: Home, ledger: Ledger, proxy: FaultProxy, s3: "S3Client", sleeps: list[float], tmp_path: Path
) -> None:
    proxy.fail(reset_half_way(), path=FILE, times=1)
    proxy.fail(first(lambda: deliver(s3, tmp_path / "new", execution="exec-2", lines=9)), path=FILE, times=1)
    landed = land(home, ledger)
    assert periods(landed) == ["2026-09"]
    assert "was replaced" in landed.rejections[0].reason
    proxy.heal()
    assert periods(land(home, ledger)) == ["2026-09", "2026-10"]
    assert [one.row_count for one in ledger.current_receipts()] == [9, 9]


def test_a_manifest_rewritten_after_listing_is_not_mixed_with_the_old_list(
    home: Home, ledger: Ledger, proxy: FaultProxy, s3: "S3Client", tmp_path: Path
) -> None:
    proxy.fail(first(lambda: deliver(s3, tmp_path / "new", execution="exec-2")), path=MANIFEST, times=1)
    with pytest.raises(ExportReplaced, match=r"source 'aws': .*Manifest\.json was replaced"):
        land(home, ledger)
    assert written(home) == []
    proxy.heal()
    assert periods(land(home, ledger)) == ["2026-09", "2026-10"]


def test_an_outage_of_everything_ends_after_a_bounded_number_of_requests(
    home: Home, ledger: Ledger, proxy: FaultProxy, s3: "S3Client", sleeps: list[float], tmp_path: Path
) -> None:
    """Each retry takes from a budget of the run (botocore's: 500, 5 for each), so late requests are not repeated."""
    months = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
    for period in months:
        line = cur2_line(bill_billing_period_start_date=f"{period}-01", line_item_usage_start_date=f"{period}-01")
        write_data_export(tmp_path / "years", [line], period=period)
    for path in sorted((tmp_path / "years").rglob("*.*"), key=lambda path: path.suffix == ".json"):
        key = path.relative_to(tmp_path / "years").as_posix()
        s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    proxy.fail(refuse(503, "SlowDown"), path=r"\.parquet")
    landed = land(home, ledger)
    assert len(landed.rejections) == len(months) + 2
    assert len(landed.rejections) <= proxy.count(r"\.parquet") <= len(landed.rejections) + 100 + ATTEMPTS
    assert all("try again" in rejection.reason for rejection in landed.rejections)


def test_the_command_line_says_it_in_one_message_for_each(
    home: Home, proxy: FaultProxy, sleeps: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mlspend.yml"
    path.write_text(f"company: A\nsources: [{{name: aws, provider: aws, location: '{LOCATION}'}}]\n")
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    proxy.fail(refuse(403, "ExpiredToken"), path=FILE)
    one = CliRunner().invoke(app, ["land", "aws"])
    assert (one.exit_code, "Traceback" in one.output) == (1, False)
    assert one.output.count("the credentials have expired") == 1
    proxy.heal()
    proxy.fail(refuse(403, "AccessDenied"), path=LISTING)
    for command in (["land"], ["check"], ["run"]):
        none = CliRunner().invoke(app, command)
        assert (none.exit_code, "Traceback" in none.output) == (1, False)
        assert none.output.count("check credentials, s3:ListBucket and s3:GetObject") == 1
    proxy.heal()
    assert CliRunner().invoke(app, ["land"]).exit_code == 0


def test_a_broken_download_does_not_stay_in_the_file(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], tmp_path: Path
) -> None:
    """Each attempt begins the file anew: half of the first and all of the second would not be a Parquet file."""
    proxy.fail(reset_half_way(), path=FILE, times=1)
    assert [receipt.row_count for receipt in land(home, ledger).receipts] == [3, 3]
    assert proxy.count(FILE) == 2


@pytest.mark.parametrize("drawn", [0.25, 0.75])
def test_the_waits_between_attempts_grow(
    home: Home, ledger: Ledger, proxy: FaultProxy, sleeps: list[float], monkeypatch: pytest.MonkeyPatch, drawn: float
) -> None:
    """Each is drawn at random below a limit that doubles, so that many clients do not come back together."""
    # botocore's draw between requests, then tenacity's between downloads.
    backoff = functools.partial(standard.ExponentialBackoff, random=lambda: drawn)
    monkeypatch.setattr(standard, "ExponentialBackoff", backoff)
    monkeypatch.setattr(random, "uniform", lambda low, high: low + drawn * (high - low))
    proxy.fail(refuse(503, "SlowDown"), path=FILE)
    land(home, ledger)
    assert sleeps == [drawn * 2**number for number in range(ATTEMPTS - 1)]
    sleeps.clear()
    proxy.heal()
    proxy.fail(reset_half_way(), path=FILE)
    land(home, ledger)
    assert sleeps == [drawn * 2**number for number in range(DOWNLOADS - 1)]
