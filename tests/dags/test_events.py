"""Deliveries as events, under a real Airflow and a moto server: from S3's message to the published warehouse.

One Airflow serves all tests, which build on one another in the order they stand here.
"""

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
import pytest

from mlspend.adapters import airflow_processes, airflow_standalone, example_company
from mlspend.adapters.airflow_standalone import Standalone
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from tests import aws_server
from tests.aws_server import BUCKET, BillingBucket

LAND, BUILD, DIGEST = CHAIN = ("land_billing_aws", "build_warehouse", "send_digest")
MANIFEST = "exports/example-cur2/metadata/BILLING_PERIOD={period}/example-cur2-Manifest.json"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("events"))


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example company's bill as it will be delivered, four months."""
    folder = tmp_path_factory.mktemp("bills")
    example_company.write_exports(folder, scale=1, months=4, end="2026-10")
    return folder


@pytest.fixture(scope="module")
def bucket() -> Iterator[BillingBucket]:
    with aws_server.running_aws() as address:
        yield BillingBucket(address)


@pytest.fixture(scope="module")
def airflow(home: Home, bucket: BillingBucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    config = tmp_path_factory.mktemp("config") / "mlspend.yml"
    source = {"name": "aws", "provider": "aws", "location": f"s3://{BUCKET}/exports", "queue": bucket.queue}
    config.write_text(json.dumps({"company": "Events", "sources": [source], "digest": {"channel": "#ml-spend"}}))
    environment = {
        **aws_server.environment(bucket.address),
        "MLSPEND_CONFIG": str(config),
        "MLSPEND_STATE_URL": "",
        "MLSPEND_SLACK_TOKEN": "",
        "AIRFLOW_CONN_SLACK_DEFAULT": "",
    }
    with airflow_standalone.start(home, extra=environment) as running:
        running.wait_until_ready(CHAIN)
        bucket.notify()
        yield running


def published(home: Home) -> dict[str, str]:
    """What readers can open: total billed cost by billing period."""
    if not home.published_warehouse.exists():
        return {}
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        return dict(
            connection.sql(
                "select billing_period, sum(billed_cost)::varchar from marts.daily_spend group by 1"
            ).fetchall()
        )


def publications(home: Home) -> int:
    with Ledger.open(home) as ledger:
        return len(ledger.publications())


def landed(home: Home) -> set[str]:
    with Ledger.open(home) as ledger:
        return {receipt.delivery.period for receipt in ledger.current_receipts()}


def wait_until_idle(airflow: Standalone, bucket: BillingBucket) -> None:
    def is_idle() -> bool:
        return bucket.count_messages() == 0 and all(
            state in ("success", "failed") for dag_id in CHAIN for _, state in airflow.runs(dag_id)
        )

    airflow.wait_for(is_idle, "an empty queue and no run at work")


@contextmanager
def build_held(airflow: Standalone, after: int) -> Iterator[None]:
    """Hold the build that follows `after` others in the middle of its work: dbt's process is stopped, then goes on."""

    def find_dbt() -> list[psutil.Process]:
        return [one for one in airflow_processes.find_processes(airflow.folder) if "dbt.cli.main" in _command(one)]

    airflow.wait_for(lambda: len(airflow.runs(BUILD)) > after and bool(find_dbt()), "dbt at work")
    [dbt] = find_dbt()
    dbt.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        dbt.send_signal(signal.SIGCONT)


def restate(bills: Path, to: Path) -> Path:
    """Return a copy of the bill in which October 2026 has no usage of S3 any more."""
    shutil.copytree(bills, to)
    for path in to.rglob("BILLING_PERIOD=2026-10/*.parquet"):
        original = path.rename(path.with_suffix(".original"))
        rest = "line_item_line_item_type <> 'Usage' or line_item_product_code <> 'AmazonS3'"
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (select * from read_parquet('{original}') where {rest}) to '{path}' (format parquet)"
            )
        original.unlink()
    manifest = to / MANIFEST.format(period="2026-10")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "executionId": "restated"}))
    return to


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_an_event_leads_to_the_published_month_and_the_digest(
    airflow: Standalone, bucket: BillingBucket, bills: Path, home: Home
) -> None:
    bucket.upload(bills, period="2026-10")
    airflow.wait_for(lambda: "2026-10" in published(home), "the published month")
    airflow.wait_for(lambda: bool(list(home.outbox.glob("*/ml-spend.html"))), "the digest")
    wait_until_idle(airflow, bucket)
    assert publications(home) == 1


def test_what_brings_nothing_new_builds_nothing(
    airflow: Standalone, bucket: BillingBucket, bills: Path, home: Home, tmp_path: Path
) -> None:
    """A duplicate, an older execution that comes late, a test event and a message nobody can read."""
    before = home.published_warehouse.read_bytes(), len(airflow.runs(BUILD))
    manifest = MANIFEST.format(period="2026-10")
    old = json.loads((bills / manifest).read_text())
    folder = "2026-10-02T03:04:05.000Z-older"
    old["executionId"] = "older"
    old["dataFiles"] = [uri.replace("=2026-10/", f"=2026-10/{folder}/") for uri in old["dataFiles"]]
    for uri in old["dataFiles"]:
        key = uri.removeprefix(f"s3://{example_company.BUCKET}/")
        bucket.s3.upload_file(str(bills / key.replace(f"{folder}/", "")), BUCKET, key)
    bucket.s3.put_object(Bucket=BUCKET, Key=manifest.replace("=2026-10/", f"=2026-10/{folder}/"), Body=json.dumps(old))
    bucket.upload(bills, period="2026-10")
    bucket.send(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}))
    bucket.send("nobody can read this")
    wait_until_idle(airflow, bucket)
    with Ledger.open(home) as ledger:
        assert {row["version"]: row["status"] for row in ledger.deliveries()}["older"] == "ignored"
        [letter] = ledger.dead_letters()
    assert letter["body"] == "nobody can read this"
    assert (home.published_warehouse.read_bytes(), len(airflow.runs(BUILD))) == before


def test_events_while_a_build_runs_lead_to_one_next_build(
    airflow: Standalone, bucket: BillingBucket, bills: Path, home: Home, tmp_path: Path
) -> None:
    """The build that runs is of a restated month, which is smaller now; two other months come in meanwhile."""
    before, builds = published(home), len(airflow.runs(BUILD))
    bucket.upload(restate(bills, tmp_path / "restated"), period="2026-10")
    with build_held(airflow, builds):
        bucket.upload(bills, period="2026-09")
        airflow.wait_for(lambda: "2026-09" in landed(home), "the landing of 2026-09")
        bucket.upload(bills, period="2026-08")
        airflow.wait_for(lambda: "2026-08" in landed(home) and bucket.count_messages() == 0, "the landing of 2026-08")
        airflow.wait_for(lambda: all(state == "success" for _, state in airflow.runs(LAND)), "the end of the landings")
    airflow.wait_for(lambda: published(home).keys() == {"2026-08", "2026-09", "2026-10"}, "three published months")
    wait_until_idle(airflow, bucket)
    assert float(published(home)["2026-10"]) < float(before["2026-10"])
    assert len(airflow.runs(BUILD)) == builds + 2
    assert publications(home) == 3


def test_the_clock_finds_what_no_event_announced(
    airflow: Standalone, bucket: BillingBucket, bills: Path, home: Home
) -> None:
    bucket.notify(is_on=False)
    bucket.upload(bills, period="2026-07")
    [run] = airflow.run_chain([LAND])
    assert run.has_changed_asset
    assert "2026-07" in landed(home)
