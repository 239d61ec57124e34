"""A disk that is full or read-only is named as such; readers keep what they have, the next run with space is right."""

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mlspend.adapters import pipeline, proof, publication, warehouse
from mlspend.adapters.config import default
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import outbox
from mlspend.adapters.object_stores import connect_s3
from mlspend.adapters.pipeline import Landed
from mlspend.cli import app
from mlspend.core.errors import DiskFull, HomeNotWritable
from tests.aws_exports import BUCKET, cur2_line, write_data_export
from tests.handmade_build import NOW, make_build, prove_by_hand
from tests.small_disk import SmallDisk, small_disk

LINES = 2000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=24) as mounted:
        yield mounted


@pytest.fixture
def home(disk: SmallDisk, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home on the small disk, its ledger elsewhere, as with PostgreSQL."""
    monkeypatch.setenv("MLSPEND_HOME", str(disk.root / "home"))
    monkeypatch.setenv("MLSPEND_STATE_URL", f"sqlite:///{disk.root.parent / 'state.db'}")
    return Home(disk.root / "home")


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two billing periods that do not compress."""
    for period in ("2026-09", "2026-10"):
        lines = [
            cur2_line(
                bill_billing_period_start_date=f"{period}-01",
                line_item_usage_start_date=f"{period}-01 05:00:00",
                line_item_resource_id=hashlib.sha512(f"{period}{number}".encode()).hexdigest(),
            )
            for number in range(LINES)
        ]
        write_data_export(tmp_path / "export", lines, period=period)
    return tmp_path / "export"


def land(location: Path | str, home: Home, ledger: Ledger) -> Landed:
    return pipeline.land("aws", str(location), home, ledger, now=datetime.now(UTC), tell=lambda _: None)


def left_behind(home: Home) -> list[str]:
    """What lies below landing beside whole deliveries."""
    incoming = [path.name for path in home.landing.glob(".incoming/*") if path.name != "lock"]
    return incoming + [path.name for path in home.landing.glob("aws/*/*") if not (path / "receipt.json").exists()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize("leaving", [0, 40_000, 120_000, 180_000, 220_000, 300_000])
def test_landing_on_a_full_disk_names_it_and_leaves_nothing(
    disk: SmallDisk, home: Home, ledger: Ledger, export: Path, leaving: int
) -> None:
    """At whatever step the space ends: what is landed is whole, and what is not is not there."""
    home.landing.mkdir(parents=True)
    disk.fill(leaving=leaving)
    with pytest.raises(DiskFull, match=rf"'aws', billing period 2026-(09|10).*disk of {home.root} is full.*add space"):
        land(export, home, ledger)
    assert left_behind(home) == []
    for row in ledger.deliveries():
        is_whole = (home.landing / "aws" / row["billing_period"] / "exec-1").exists()
        assert row["status"] == ("landed" if is_whole else "seen")
    assert any("to be tried again" in row["reason"] and "is full" in row["reason"] for row in ledger.deliveries())
    disk.free()
    land(export, home, ledger).raise_rejections()
    assert [receipt.row_count for receipt in ledger.current_receipts()] == [LINES, LINES]


def test_a_download_that_fills_the_disk(
    disk: SmallDisk, home: Home, ledger: Ledger, export: Path, aws_environment: str
) -> None:
    client = connect_s3()
    client.create_bucket(Bucket=BUCKET)
    for path in sorted(export.rglob("*.*"), key=lambda path: path.suffix == ".json"):
        client.put_object(Bucket=BUCKET, Key=path.relative_to(export).as_posix(), Body=path.read_bytes())
    disk.fill(leaving=100_000)
    with pytest.raises(DiskFull, match=r"'aws', billing period 2026-09.*is full"):
        land(f"s3://{BUCKET}", home, ledger)
    assert left_behind(home) == []
    disk.free()
    land(f"s3://{BUCKET}", home, ledger).raise_rejections()
    assert [receipt.row_count for receipt in ledger.current_receipts()] == [LINES, LINES]


def test_a_home_that_may_not_be_written_to(disk: SmallDisk, home: Home, ledger: Ledger, export: Path) -> None:
    land(export, home, ledger)
    write_data_export(export, [cur2_line()] * 3, execution="exec-2")
    build = make_build(home, "b1")
    prove_by_hand(build)
    before = contents(home.root)
    words = rf"{home.root} cannot be written to.*mount it for writing"
    with disk.read_only():
        with pytest.raises(HomeNotWritable, match=f"'aws', billing period 2026-10.*{words}"):
            land(export, home, ledger)
        with pytest.raises(HomeNotWritable, match=f"building the warehouse.*{words}"):
            warehouse.build(home, default(), ledger.current_receipts(), None, now=NOW)
        with pytest.raises(HomeNotWritable, match=f"proving build b1.*{words}"):
            proof.prove(build, home, now=NOW)
        with pytest.raises(HomeNotWritable, match=f"publishing build b1.*{words}"):
            publication.publish(build, home, ledger, now=NOW)
        with pytest.raises(HomeNotWritable, match=r"message for #ml.*outbox cannot be written to"):
            outbox.write(home.outbox, "2026-W44", {"channel": "#ml", "blocks": [], "text": "ML spend"})
    assert contents(home.root) == before
    [standing] = [row for row in ledger.deliveries() if row["version"] == "exec-2"]
    assert (standing["status"], "cannot be written to" in standing["reason"]) == ("seen", True)
    land(export, home, ledger).raise_rejections()
    assert publication.publish(build, home, ledger, now=NOW).build_id == "b1"


def test_a_folder_of_another_user(home: Home, ledger: Ledger, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HomeNotWritable, match=r"2026-09.*Permission denied.*owner and permissions"):
        land(export, home, ledger)


@pytest.mark.parametrize("leaving", [0, 200_000])
def test_publication_on_a_full_disk_leaves_the_published_file_as_it_was(
    disk: SmallDisk, home: Home, ledger: Ledger, leaving: int
) -> None:
    first = make_build(home, "b1", ("2026-09",))
    prove_by_hand(first)
    publication.publish(first, home, ledger, now=NOW)
    second = make_build(home, "b2", ("2026-10",), kept=first)
    prove_by_hand(second)
    published = home.published_warehouse.read_bytes()
    for number in range(300):
        # What publication writes is to be larger than what is left.
        ledger.claim_message(os.urandom(900).hex(), kind="digest", destination=f"#{number}", now=NOW)
    disk.fill(leaving=leaving)
    with pytest.raises(DiskFull, match=rf"publishing build b2: the disk of {home.root} is full"):
        publication.publish(second, home, ledger, now=NOW)
    assert home.published_warehouse.read_bytes() == published
    with duckdb.connect(str(home.published_warehouse), read_only=True) as reader:
        assert reader.execute("select build_id from ops.publications").fetchall() == [("b1",)]
        assert reader.execute("select count(*) from marts.focus_costs").fetchall() == [(40,)]
    assert ledger.last_publication().build_id == "b1"
    disk.free()
    assert publication.publish(second, home, ledger, now=NOW).build_id == "b2"
    with duckdb.connect(str(home.published_warehouse), read_only=True) as reader:
        assert reader.execute("select count(distinct billing_period) from marts.focus_costs").fetchall() == [(2,)]


def test_a_proof_on_a_full_disk_is_no_failed_check(disk: SmallDisk, home: Home) -> None:
    """The plan still fits; the child that asks cannot write down the answers."""
    build = make_build(home, "b1")
    disk.fill(leaving=8192)
    with pytest.raises(DiskFull, match=rf"proving build b1: the disk of {home.root} is full.*No space left"):
        proof.prove(build, home, now=NOW)
    assert (home.builds / "b1" / "expectations.json").stat().st_size > 0
    disk.free()
    assert proof.prove(build, home, now=NOW)


def test_a_copy_that_does_not_fit_leaves_the_older_one(
    disk: SmallDisk, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    build = make_build(home, "b1")
    prove_by_hand(build)
    publication.publish(build, home, ledger, now=NOW)
    to = disk.root / "copies" / "company.duckdb"
    publication.copy_self_contained(home, to)
    before = contents(to.parent)
    disk.fill(leaving=100_000)
    with pytest.raises(DiskFull, match=rf"copying what is published to {to}: the disk of {to.parent} is full"):
        publication.copy_self_contained(home, to)
    assert contents(to.parent) == before


# dbt's own files take two megabytes; warehouse and lake as much again.
@pytest.mark.parametrize("leaving", [300_000, 3_000_000], ids=["for dbt's own files", "for the lake"])
def test_a_build_on_a_full_disk_is_no_mistake_of_a_model(
    disk: SmallDisk, home: Home, ledger: Ledger, export: Path, leaving: int
) -> None:
    land(export, home, ledger)
    disk.fill(leaving=leaving)
    with pytest.raises(DiskFull, match=rf"build .*: the disk of {home.root} is full .*No space left"):
        warehouse.build(home, default(), ledger.current_receipts(), None, now=NOW)
    assert [path.name for path in home.builds.iterdir() if path.is_dir()] == []
    assert list(home.lake.glob("*/build=*")) == []
    disk.free()
    if leaving > 1_000_000:
        built = warehouse.build(home, default(), ledger.current_receipts(), None, now=NOW)
        assert [partition.billing_period for partition in built.rebuilt] == ["2026-09", "2026-10"]


def test_the_command_line_says_it_in_one_message(
    disk: SmallDisk, home: Home, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLSPEND_STATE_URL")
    path = tmp_path / "mlspend.yml"
    path.write_text(f"company: A\nsources: [{{name: aws, provider: aws, location: '{export}'}}]\n")
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    runner = CliRunner()
    assert runner.invoke(app, ["status"]).exit_code == 0
    disk.fill()
    full = runner.invoke(app, ["land"])
    assert (full.exit_code, "Traceback" in full.output) == (1, False)
    assert full.output.count("mlspend: ") == 1
    assert "is full" in full.output
    disk.free()
    with disk.read_only():
        locked = runner.invoke(app, ["land"])
        assert (locked.exit_code, locked.output.count("mlspend: ")) == (1, 1)
        assert "owner and permissions" in locked.output
    assert runner.invoke(app, ["land"]).exit_code == 0
