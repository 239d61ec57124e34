"""A month delivered again and again, in every order and layout: what counts is the newest, whole, and once."""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlspend.adapters import pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.pipeline import Landed
from tests.aws_exports import (
    cur2_line,
    focus_line,
    landed,
    legacy_line,
    write_data_export,
    write_json,
    write_legacy_report,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MADE = datetime(2026, 11, 3, 6, tzinfo=UTC)


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "export"


def deliver(export: Path, execution: str, lines: int, *, hour: int, create_new: bool = False, parts: int = 1) -> Path:
    """Write October once more, finished `hour` hours after MADE; return its manifest."""
    made = MADE + timedelta(hours=hour)
    at = f"{made:%Y-%m-%dT%H:%M:%S}.000Z" if create_new else None
    manifest = write_data_export(export, [cur2_line()] * lines, execution=execution, at=at, parts=parts)
    names = {uri.rsplit("/", 1)[-1] for uri in json.loads(manifest.read_text())["dataFiles"]}
    folder = export / "prefix/ml-costs/data" / manifest.parent.relative_to(export / "prefix/ml-costs/metadata")
    for path in (manifest, *(folder / name for name in names)):
        os.utime(path, (made.timestamp(),) * 2)
    return manifest


def land(export: Path, home: Home, ledger: Ledger) -> Landed:
    done = pipeline.land("aws", str(export), home, ledger, now=NOW, tell=lambda _: None)
    done.raise_rejections()
    return done


def counts(home: Home, ledger: Ledger) -> tuple[str, int]:
    """Version and landed lines of the one billing period."""
    [receipt] = ledger.current_receipts()
    [(lines,)] = landed(home, receipt, "count(*)")
    assert lines == receipt.row_count
    return receipt.delivery.version, lines


def test_a_switch_to_overwriting_and_back_within_a_month(home: Home, ledger: Ledger, export: Path) -> None:
    """The executions of before, and the overwritten files, go on lying in the same folders."""
    steps = [
        ("exec-1", 3, True),
        ("exec-2", 5, True),
        ("exec-3", 6, False),
        ("exec-4", 4, False),
        ("exec-5", 7, True),
        ("exec-6", 8, False),
    ]
    for hour, (execution, lines, create_new) in enumerate(steps):
        deliver(export, execution, lines, hour=hour, create_new=create_new)
        assert [one.row_count for one in land(export, home, ledger).receipts] == [lines]
        assert counts(home, ledger) == (execution, lines)
        assert land(export, home, ledger).receipts == ()


def test_all_of_a_switch_found_at_once_lands_only_the_newest(home: Home, ledger: Ledger, export: Path) -> None:
    deliver(export, "exec-1", 3, hour=0, create_new=True)
    deliver(export, "exec-2", 6, hour=1)
    deliver(export, "exec-3", 5, hour=2, create_new=True)
    assert [one.delivery.version for one in land(export, home, ledger).receipts] == ["exec-3"]
    assert counts(home, ledger) == ("exec-3", 5)


@pytest.mark.parametrize("is_landed_between", [False, True])
def test_an_export_defined_anew_as_focus_within_a_month_replaces_what_it_was(
    home: Home, ledger: Ledger, export: Path, is_landed_between: bool
) -> None:
    """Under the same name its files lie in folders spelt differently, beside those of before."""
    deliver(export, "as-cur", 5, hour=-900, create_new=True)
    if is_landed_between:
        land(export, home, ledger)
    lines = [focus_line(x_ServiceCode="AmazonEC2")] * 2
    write_data_export(export, lines, execution="as-focus", partition="billing_period")
    land(export, home, ledger)
    assert counts(home, ledger) == ("as-focus", 2)
    statuses = {row["version"]: (row["export_kind"], row["status"]) for row in ledger.deliveries()}
    assert statuses == {
        "as-cur": ("aws_cur2", "superseded" if is_landed_between else "ignored"),
        "as-focus": ("aws_focus", "landed"),
    }


@pytest.mark.parametrize("create_new", [False, True])
def test_a_closed_month_reopens_and_a_month_may_shrink(
    home: Home, ledger: Ledger, export: Path, create_new: bool
) -> None:
    line = cur2_line(bill_invoice_id="2026101")
    write_data_export(export, [line] * 9, execution="closed", at="2026-11-04T00:00:00.000Z" if create_new else None)
    if not create_new:
        for path in export.rglob("*.*"):
            os.utime(path, (MADE.timestamp(),) * 2)
    land(export, home, ledger)
    assert counts(home, ledger) == ("closed", 9)
    deliver(export, "reopened", 2, hour=300, create_new=create_new)
    land(export, home, ledger)
    assert counts(home, ledger) == ("reopened", 2)
    assert {row["version"]: row["status"] for row in ledger.deliveries()} == {
        "closed": "superseded",
        "reopened": "landed",
    }


def test_a_part_that_a_delivery_no_longer_names_does_not_count(home: Home, ledger: Ledger, export: Path) -> None:
    deliver(export, "exec-1", 14, hour=0, parts=7)
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-1", 14)
    deliver(export, "exec-2", 6, hour=1, parts=6)
    assert len(list(export.rglob("*-00007.snappy.parquet"))) == 1
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-2", 6)


def test_an_assembly_of_the_legacy_report_replaces_the_one_before(home: Home, ledger: Ledger, export: Path) -> None:
    for hour, (assembly, lines) in enumerate([("assembly-1", 5), ("assembly-2", 3), ("assembly-3", 4)]):
        manifest = write_legacy_report(export, [legacy_line()] * lines, assembly=assembly, parts=2)
        os.utime(manifest, ((MADE + timedelta(hours=hour)).timestamp(),) * 2)
        land(export, home, ledger)
        assert counts(home, ledger) == (assembly, lines)
    # AWS takes a refresh back: the month's manifest names the assembly of before again.
    manifest.write_bytes(next(export.rglob("assembly-2/report-Manifest.json")).read_bytes())
    os.utime(manifest, ((MADE + timedelta(hours=9)).timestamp(),) * 2)
    land(export, home, ledger)
    assert counts(home, ledger) == ("assembly-2", 3)


def test_a_newer_assembly_that_no_manifest_of_the_month_names_yet(home: Home, ledger: Ledger, export: Path) -> None:
    manifest = write_legacy_report(export, [legacy_line()] * 2, assembly="assembly-1")
    before = manifest.read_bytes()
    write_legacy_report(export, [legacy_line()] * 9, assembly="assembly-2")
    manifest.write_bytes(before)
    land(export, home, ledger)
    assert counts(home, ledger) == ("assembly-1", 2)


def test_manifests_that_arrive_in_another_order(home: Home, ledger: Ledger, export: Path) -> None:
    deliver(export, "exec-2", 5, hour=2, create_new=True)
    land(export, home, ledger)
    deliver(export, "exec-1", 3, hour=1, create_new=True)
    assert land(export, home, ledger).receipts == ()
    assert counts(home, ledger) == ("exec-2", 5)
    status = {row["version"]: (row["status"], row["reason"]) for row in ledger.deliveries()}
    assert status["exec-1"][0] == "ignored"
    assert "exec-2" in status["exec-1"][1]


def test_a_manifest_rewritten_under_its_id_with_other_files_is_a_restatement(
    home: Home, ledger: Ledger, export: Path
) -> None:
    deliver(export, "exec-1", 4, hour=0, parts=2)
    land(export, home, ledger)
    deliver(export, "exec-1", 9, hour=1, parts=3)
    land(export, home, ledger)
    version, lines = counts(home, ledger)
    assert (version.startswith("exec-1-rewritten-"), lines) == (True, 9)
    assert land(export, home, ledger).receipts == ()
    # Taken back: what was landed first counts again, and nothing is landed twice.
    for path in export.rglob("*.parquet"):
        path.unlink()
    deliver(export, "exec-1", 4, hour=2, parts=2)
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-1", 4)
    deliver(export, "exec-2", 5, hour=3, parts=2)
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-2", 5)


@pytest.mark.parametrize("create_new", [False, True])
def test_files_written_over_before_their_manifest_comes(
    home: Home, ledger: Ledger, export: Path, caplog: pytest.LogCaptureFixture, create_new: bool
) -> None:
    """The next delivery is on its way: half of it must not count, nor may what is landed go."""
    manifest = deliver(export, "exec-1", 4, hour=0, parts=2, create_new=create_new)
    before = manifest.read_bytes()
    land(export, home, ledger)
    deliver(
        export, "exec-1" if create_new else "exec-2", 30, hour=0 if create_new else 1, parts=2, create_new=create_new
    )
    manifest.write_bytes(before)
    os.utime(manifest, (MADE.timestamp(),) * 2)
    with caplog.at_level(logging.WARNING, "mlspend"):
        assert land(export, home, ledger).receipts == ()
    assert "source 'aws', billing period 2026-10, version exec-1: its files have changed" in caplog.text
    assert counts(home, ledger) == ("exec-1", 4)


def test_parts_copied_one_after_the_other_without_a_manifest_all_count(
    home: Home, ledger: Ledger, export: Path, tmp_path: Path
) -> None:
    """An assembly's folder bears its id from the first part on."""
    write_legacy_report(tmp_path / "origin", [legacy_line()] * 6, parts=3)
    for number, part in enumerate(sorted((tmp_path / "origin").rglob("*.csv.gz")), start=1):
        target = export / part.relative_to(tmp_path / "origin")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(part, target)
        os.utime(target, ((MADE + timedelta(hours=number)).timestamp(),) * 2)
        land(export, home, ledger)
        assert counts(home, ledger)[1] == 2 * number


def test_an_export_that_moved_is_not_landed_again(home: Home, ledger: Ledger, export: Path) -> None:
    deliver(export, "exec-1", 4, hour=0)
    land(export, home, ledger)
    moved = export.parent / "moved"
    shutil.copytree(export, moved)
    for path in moved.rglob("*.*"):
        os.utime(path, (NOW.timestamp(),) * 2)
    assert land(moved, home, ledger).receipts == ()
    assert counts(home, ledger) == ("exec-1", 4)


def test_two_manifests_of_one_period_count_once(home: Home, ledger: Ledger, export: Path) -> None:
    """AWS has written the same manifest under two names; of two different ones the later counts."""
    manifest = deliver(export, "exec-1", 4, hour=0)
    shutil.copy2(manifest, manifest.with_name("Manifest.json"))
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-1", 4)
    deliver(export, "exec-2", 5, hour=1)
    land(export, home, ledger)
    assert counts(home, ledger) == ("exec-2", 5)


def test_two_manifests_of_one_id_that_differ_are_refused_and_the_other_months_land(
    home: Home, ledger: Ledger, export: Path
) -> None:
    september = {"bill_billing_period_start_date": "2026-09-01", "line_item_usage_start_date": "2026-09-01 05:00:00"}
    write_data_export(export, [cur2_line(**september)], period="2026-09")
    manifest = deliver(export, "exec-1", 4, hour=0, parts=2)
    content = json.loads(manifest.read_text())
    other = write_json(manifest.with_name("Manifest.json"), {**content, "dataFiles": content["dataFiles"][:1]})
    done = pipeline.land("aws", str(export), home, ledger, now=NOW, tell=lambda _: None)
    assert [one.delivery.period for one in done.receipts] == ["2026-09"]
    [rejection] = done.rejections
    assert rejection.is_final
    for words in ("'aws', billing period 2026-10", str(manifest), str(other), "name different files"):
        assert words in rejection.reason
    other.unlink()
    land(export, home, ledger)
    assert [one.row_count for one in ledger.current_receipts()] == [1, 4]
