"""A delivery is landed whole or not at all, once, whatever happens in between."""

import fcntl
import os
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.adapters.landing_folder import read_receipt, working_folder
from mlspend.core.deliveries import ControlTotal, Receipt
from mlspend.core.errors import DiskFull
from tests.aws_exports import cur2_line, landed, legacy_line, write_data_export, write_legacy_report, write_lines_csv

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def land_one(location: Path, home: Home) -> Receipt:
    [delivery] = discover(str(location), "aws")
    return land(delivery, home, known_currencies={}, now=NOW)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_receipt_tells_what_was_landed(tmp_path: Path, home: Home) -> None:
    write_data_export(
        tmp_path,
        [
            cur2_line(),
            cur2_line(line_item_unblended_cost=0.25),
            cur2_line(line_item_usage_start_date="2026-10-02 00:00:00", line_item_usage_account_id="000000000043"),
        ],
        parts=2,
    )
    receipt = land_one(tmp_path, home)
    first, second = date(2026, 10, 1), date(2026, 10, 2)
    assert receipt.control_totals == (
        ControlTotal(first, "012345678901", "000000000042", "USD", 2, Decimal("1.75")),
        ControlTotal(second, "012345678901", "000000000043", "USD", 1, Decimal("1.5")),
    )
    assert (receipt.shape, receipt.row_count, receipt.tag_keys) == ("aws_cur", 3, ("user_project",))
    assert all(name.startswith("aws/2026-10/exec-1/lines-") for name in receipt.landed_files)
    assert landed(home, receipt, "count(*)", "sum(line_item_unblended_cost)") == [(3, Decimal("3.25"))]
    assert read_receipt(home.landing, receipt.delivery) == receipt


def test_landing_again_changes_nothing_and_needs_no_export(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()])
    [delivery] = discover(str(tmp_path), "aws")
    receipt = land(delivery, home, known_currencies={}, now=NOW)
    before = snapshot(home.landing)
    for path in tmp_path.rglob("*.snappy.parquet"):
        path.unlink()
    assert land(delivery, home, known_currencies={}, now=NOW) == receipt
    assert snapshot(home.landing) == before


def test_a_version_of_any_spelling_is_one_folder_below_the_period(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line()])
    [delivery] = discover(str(tmp_path), "aws")
    for version in ("../../escape", "a/b:c", "..", "x" * 300):
        receipt = land(type(delivery)(**{**delivery.__dict__, "version": version}), home, known_currencies={}, now=NOW)
        assert all((home.landing / name).parents[1] == home.landing / "aws/2026-10" for name in receipt.landed_files)
    assert len(list((home.landing / "aws/2026-10").iterdir())) == 4


def test_a_local_path_with_characters_of_patterns(tmp_path: Path, home: Home) -> None:
    write_lines_csv(tmp_path / "bills [2026]*" / "cur?.csv.gz", [legacy_line()])
    write_lines_csv(tmp_path / "bills [2026]*" / "cur1.csv.gz", [legacy_line(line_item_unblended_cost=7)])
    assert land_one(tmp_path / "bills [2026]*", home).row_count == 2


def test_each_period_of_a_mixed_file_gets_only_its_own_lines(tmp_path: Path, home: Home) -> None:
    september = {"bill_billing_period_start_date": "2026-09-01T00:00:00Z", "line_item_unblended_cost": 7}
    write_lines_csv(tmp_path / "cur.csv", [legacy_line(), legacy_line(**september), legacy_line()])
    receipts = [land(each, home, known_currencies={}, now=NOW) for each in discover(str(tmp_path), "aws")]
    assert [(receipt.delivery.period, receipt.row_count) for receipt in receipts] == [("2026-09", 1), ("2026-10", 2)]
    assert landed(home, receipts[0], "line_item_unblended_cost") == [(Decimal(7),)]


def test_lines_of_earlier_periods_count_in_the_period_of_their_manifest(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(), cur2_line(bill_billing_period_start_date="2026-08-01 00:00:00")])
    assert land_one(tmp_path, home).row_count == 2


def test_leftovers_of_a_crash_go_but_the_folder_of_a_living_run_stays(home: Home) -> None:
    incoming = home.landing / ".incoming"
    (incoming / "crashed").mkdir(parents=True)
    (incoming / "crashed" / "half.parquet").write_bytes(b"PAR1")
    (incoming / "living").mkdir()
    handle = os.open(incoming / "living", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with working_folder(home.landing) as folder:
            assert {path.name for path in incoming.iterdir()} == {"lock", "living", folder.name}
    finally:
        os.close(handle)


def test_what_a_run_left_that_died_after_its_delivery_was_in_place_goes_too(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()])
    receipt = land_one(tmp_path, home)
    (home.landing / ".incoming" / "crashed" / "raw").mkdir(parents=True)
    assert land_one(tmp_path, home) == receipt
    assert [path.name for path in (home.landing / ".incoming").iterdir()] == ["lock"]


def test_a_run_that_ends_at_this_moment_is_no_error(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = home.landing / ".incoming" / "ending"
    ending.mkdir(parents=True)
    really_open = os.open

    def open_late(path: Path, flags: int) -> int:
        if path == ending:
            ending.rmdir()
        return really_open(path, flags)

    monkeypatch.setattr("mlspend.adapters.landing_folder.os.open", open_late)
    with working_folder(home.landing) as folder:
        assert folder.exists()


def test_two_runs_landing_the_same_delivery_agree(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()] * 500)
    [delivery] = discover(str(tmp_path), "aws")
    receipts: list[Receipt] = []
    threads = [
        threading.Thread(target=lambda: receipts.append(land(delivery, home, known_currencies={}, now=NOW)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 3
    assert {receipt.to_json() for receipt in receipts} == {receipts[0].to_json()}
    assert landed(home, receipts[0], "count(*)") == [(500,)]


@pytest.mark.parametrize("moment", ["commit", "write_lines", "control_totals"])
def test_an_error_at_any_step_leaves_the_previous_landing_as_it_was(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    write_data_export(tmp_path, [cur2_line()])
    land_one(tmp_path, home)
    before = snapshot(home.landing)
    write_data_export(tmp_path, [cur2_line()] * 2, execution="exec-2")

    def fail(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"mlspend.adapters.landing.{moment}", fail)
    with pytest.raises(DiskFull, match="No space left"):
        land_one(tmp_path, home)
    assert snapshot(home.landing) == before
    monkeypatch.undo()
    assert land_one(tmp_path, home).row_count == 2
