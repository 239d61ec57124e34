"""Older months: only those asked for, oldest first, one delivery's raw files at a time, killed and run again."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlspend.adapters import pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.object_stores import connect_s3
from mlspend.core.periods import EVERY_PERIOD, PeriodRange, first_day, shift_period
from tests.aws_exports import BUCKET, cur2_line, write_data_export

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
PERIODS = [shift_period("2025-09", months) for months in range(8)]
LINES = 40
PARTS = 4


def write_exports(folder: Path, periods: list[str]) -> None:
    for period in periods:
        start, end = first_day(period), first_day(shift_period(period, 1))
        line = cur2_line(
            bill_billing_period_start_date=f"{start} 00:00:00",
            bill_billing_period_end_date=f"{end} 00:00:00",
            line_item_usage_start_date=f"{start} 05:00:00",
            line_item_usage_end_date=f"{start} 06:00:00",
        )
        write_data_export(folder, [line] * LINES, period=period, execution=f"exec-{period}", parts=PARTS)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(folder, PERIODS)
    return folder


@pytest.fixture
def bucket(aws_environment: str, exports: Path) -> "S3Client":
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    for path in sorted(filter(Path.is_file, exports.rglob("*")), key=lambda path: path.name.endswith("Manifest.json")):
        client.put_object(Bucket=BUCKET, Key=path.relative_to(exports).as_posix(), Body=path.read_bytes())
    return client


def landed_in_order(home: Home) -> list[str]:
    with Ledger.open(home) as ledger:
        rows = [row for row in ledger.deliveries() if row["landed_at"]]
    return [row["billing_period"] for row in sorted(rows, key=lambda row: row["landed_at"])]


def written_at(home: Home) -> dict[str, int]:
    """When each landed file was written: landed once more, it would be a newer one."""
    return {
        str(path): path.stat().st_mtime_ns for path in home.landing.rglob("*.parquet") if ".incoming" not in str(path)
    }


@pytest.mark.parametrize(
    ("asked", "periods"),
    [
        (PeriodRange("2025-11", "2026-01"), PERIODS[2:5]),
        (PeriodRange(first="2026-03"), PERIODS[6:]),
        (PeriodRange(last="2025-09"), PERIODS[:1]),
        (PeriodRange("2020-01", "2020-12"), []),
        (EVERY_PERIOD, PERIODS),
    ],
)
def test_only_the_periods_asked_for_land_and_the_oldest_first(
    home: Home, exports: Path, asked: PeriodRange, periods: list[str]
) -> None:
    told: list[str] = []
    with Ledger.open(home) as ledger:
        landed = pipeline.land("aws", str(exports), home, ledger, now=NOW, tell=told.append, periods=asked)
        assert [one.delivery.period for one in landed.receipts] == periods
        standing = {row["billing_period"]: row["status"] for row in ledger.deliveries()}
    assert standing == {period: "landed" if period in periods else "seen" for period in PERIODS}
    assert landed.up_to_date == 0
    total = len(periods)
    assert told[1:] == [f"landing aws {period} ({number} of {total})" for number, period in enumerate(periods, 1)]


def test_the_raw_files_of_one_delivery_at_most_are_on_disk(home: Home, bucket: "S3Client") -> None:
    incoming = home.landing / ".incoming"
    beside: list[int] = []

    def look(params: dict[str, str], **_event: object) -> None:
        """Called before each object is fetched."""
        if "/data/" in params["Key"]:
            assert len(list(incoming.glob("*/"))) == 1
            beside.append(len(list(incoming.glob("*/raw/*"))))

    def tell(words: str) -> None:
        # What the one before fetched is gone when the next begins, its working folder too.
        assert not list(incoming.glob("*/")), words

    bucket.meta.events.register("provide-client-params.s3.GetObject", look)
    with Ledger.open(home) as ledger:
        location = f"s3://{BUCKET}/prefix/ml-costs"
        landed = pipeline.land("aws", location, home, ledger, now=datetime.now(UTC), tell=tell, s3=bucket)
    assert [one.delivery.period for one in landed.receipts] == PERIODS
    assert len(beside) == len(PERIODS) * PARTS
    assert max(beside) <= PARTS
    assert not list(incoming.glob("*/"))


def test_killed_on_the_way_and_run_again_it_lands_what_is_missing_each_once(
    home: Home, bucket: "S3Client", tmp_path: Path
) -> None:
    config = tmp_path / "mlspend.yml"
    location = f"s3://{BUCKET}/prefix/ml-costs"
    config.write_text(
        json.dumps({"company": "Old", "sources": [{"name": "aws", "provider": "aws", "location": location}]})
    )
    mlspend = str(Path(sys.executable).with_name("mlspend"))
    command = [mlspend, "land", "--from", PERIODS[1], "--to", PERIODS[6], "--json"]
    environment = {**os.environ, "MLSPEND_CONFIG": str(config), "MLSPEND_HOME": str(home.root)}
    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert first.stderr
    with first, first.stderr:
        for line in first.stderr:
            if "(4 of 6)" in line:
                first.send_signal(signal.SIGKILL)
                break
    assert first.returncode == -signal.SIGKILL
    before, files = landed_in_order(home), written_at(home)
    assert before[:3] == PERIODS[1:4]

    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert [one["billing_period"] for one in json.loads(second.stdout)["landed"]] == PERIODS[1 + len(before) : 7]
    assert landed_in_order(home) == PERIODS[1:7]
    assert files.items() <= written_at(home).items()
    assert len({Path(name).parent for name in written_at(home)}) == 6
    assert not list((home.landing / ".incoming").glob("*/"))


def test_memory_does_not_grow_with_the_number_of_periods(exports: Path, home: Home) -> None:
    program = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import psutil
from mlspend.adapters import pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger

def tell(_words):
    print(psutil.Process().memory_info().rss)

home = Home(Path(sys.argv[2]))
with Ledger.open(home) as ledger:
    pipeline.land("aws", sys.argv[1], home, ledger, now=datetime.now(UTC), tell=tell)
"""
    told = subprocess.run(
        [sys.executable, "-c", program, str(exports), str(home.root)], capture_output=True, text=True, check=True
    )
    _, *held = map(int, told.stdout.split())
    assert len(held) == len(PERIODS)
    # The first period loads the libraries. After that nothing of a period stays but its receipt.
    assert held[-1] - held[2] < 32 << 20
