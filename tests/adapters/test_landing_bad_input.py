"""Bad input is refused by name: source, period, file and what is wrong; and nothing is landed or lost."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import (
    CurrencyChanged,
    ExportContractBroken,
    ExportNotDelivered,
    ExportUnreadable,
    StoreAccessDenied,
)
from tests.amortised_bill import bill, with_every_column
from tests.aws_exports import (
    cur2_line,
    focus_line,
    landed,
    legacy_line,
    write_csv,
    write_data_export,
    write_json,
    write_legacy_report,
    write_lines_csv,
    write_parquet,
)

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def land_all(location: Path, home: Home, known: Mapping[str, str] | None = None) -> list[Receipt]:
    return [land(each, home, known_currencies=known or {}, now=NOW) for each in discover(str(location), "aws")]


def nothing_is_landed(home: Home) -> bool:
    """Neither a landed delivery nor a leftover of the attempt."""
    return not [path for path in home.landing.rglob("*") if path.name not in (".incoming", "lock")]


@pytest.mark.parametrize("column", ["line_item_unblended_cost", "bill_payer_account_id", "line_item_currency_code"])
def test_a_missing_required_column_is_named(tmp_path: Path, home: Home, column: str) -> None:
    line = cur2_line()
    del line[column]
    write_data_export(tmp_path, [line])
    with pytest.raises(ExportContractBroken, match=rf"'aws', billing period 2026-10.*\.parquet lacks.*{column}"):
        land_all(tmp_path, home)
    assert nothing_is_landed(home)


@pytest.mark.parametrize("column", ["BilledCost", "ChargePeriodStart", "BillingAccountId"])
def test_a_missing_required_column_of_focus_is_named(tmp_path: Path, home: Home, column: str) -> None:
    line = focus_line()
    del line[column]
    write_lines_csv(tmp_path / "focus.csv", [line])
    with pytest.raises(
        ExportContractBroken, match=r"'aws', billing period 2026-10.*focus\.csv lacks the required column"
    ):
        land_all(tmp_path, home)


def test_without_a_column_that_tells_the_period_the_file_is_named(tmp_path: Path, home: Home) -> None:
    line = focus_line()
    del line["BillingPeriodStart"]
    write_lines_csv(tmp_path / "focus.csv", [line])
    with pytest.raises(ExportContractBroken, match=r"'aws'.*focus\.csv lacks.*billing_period_start"):
        discover(str(tmp_path), "aws")


@pytest.mark.parametrize("value", ["twelve", "1,50", "$3", "1.5 USD"])
def test_a_money_column_that_is_text_is_named_with_its_value(tmp_path: Path, home: Home, value: str) -> None:
    lines = [legacy_line(), legacy_line(line_item_unblended_cost=value)]
    write_legacy_report(tmp_path, lines)
    with pytest.raises(ExportContractBroken) as error:
        land_all(tmp_path, home)
    for fact in ("'aws'", "2026-10", "report-1.csv.gz", "lineItem/UnblendedCost", "1 lines", repr(value)):
        assert fact in str(error.value)
    assert nothing_is_landed(home)


def test_a_money_column_of_text_in_parquet(tmp_path: Path, home: Home) -> None:
    lines = [cur2_line(line_item_unblended_cost="1.25"), cur2_line(line_item_unblended_cost="n/a")]
    write_data_export(tmp_path, [cur2_line()])
    path = next(tmp_path.rglob("*.parquet"))
    write_parquet(path, lines, types={"line_item_unblended_cost": "varchar"})
    with pytest.raises(ExportContractBroken, match=r"column line_item_unblended_cost must be decimal.*'n/a'"):
        land_all(tmp_path, home)
    write_parquet(path, lines[:1], types={"line_item_unblended_cost": "varchar"})
    [receipt] = land_all(tmp_path, home)
    assert receipt.control_totals[0].billed_cost == Decimal("1.25")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_cost_that_is_no_number(tmp_path: Path, home: Home, value: str) -> None:
    write_parquet(tmp_path / "cur.parquet", [cur2_line(line_item_unblended_cost=value)])
    with pytest.raises(ExportContractBroken, match=r"cur\.parquet.*line_item_unblended_cost must be decimal"):
        land_all(tmp_path, home)


def test_a_quantity_that_is_no_number_is_named_too(tmp_path: Path, home: Home) -> None:
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line(line_item_usage_amount="many")])
    with pytest.raises(ExportContractBroken, match=r"cur\.csv\.gz: column lineItem/UsageAmount must be double.*'many'"):
        land_all(tmp_path, home)


@pytest.mark.parametrize("tags", ["{broken", "[1, 2]", '"a": "b"'])
def test_tags_that_are_no_json_object(tmp_path: Path, home: Home, tags: str) -> None:
    write_lines_csv(tmp_path / "focus.csv", [focus_line(), focus_line(Tags=tags)])
    with pytest.raises(ExportContractBroken, match=r"focus\.csv: column Tags must be a JSON object"):
        land_all(tmp_path, home)


@pytest.mark.parametrize(
    "changes",
    [{"line_item_unblended_cost": ""}, {"line_item_currency_code": ""}, {"line_item_usage_start_date": ""}],
    ids=lambda changes: next(iter(changes)),
)
def test_lines_without_cost_currency_or_day_are_counted_and_refused(
    tmp_path: Path, home: Home, changes: dict[str, Any]
) -> None:
    write_legacy_report(tmp_path, [legacy_line(), legacy_line(**changes)])
    with pytest.raises(
        ExportContractBroken, match=rf"2026-10.*report-1\.csv\.gz has 1 lines without {next(iter(changes))}"
    ):
        land_all(tmp_path, home)
    assert nothing_is_landed(home)


def test_a_period_is_never_emptied_by_an_export_without_lines(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line()] * 3, assembly="full")
    [receipt] = land_all(tmp_path, home)
    write_legacy_report(tmp_path, [legacy_line()], assembly="empty")
    write_csv(next(tmp_path.rglob("empty/*.csv.gz")), list(legacy_line()), [])
    with pytest.raises(ExportContractBroken, match=r"'aws', billing period 2026-10.*empty/report-1\.csv\.gz"):
        land_all(tmp_path, home)
    assert landed(home, receipt, "count(*)") == [(3,)]


def test_a_manifest_that_names_no_file(tmp_path: Path, home: Home) -> None:
    write_json(
        tmp_path / "export/metadata/BILLING_PERIOD=2026-10/export-Manifest.json",
        {"executionId": "e1", "columns": [{"name": name} for name in cur2_line()], "dataFiles": []},
    )
    with pytest.raises(
        ExportContractBroken, match=r"'aws', billing period 2026-10.*export-Manifest\.json names no file"
    ):
        land_all(tmp_path, home)


def test_a_header_without_lines_and_without_manifest(tmp_path: Path, home: Home) -> None:
    write_csv(tmp_path / "cur.csv.gz", list(legacy_line()), [])
    with pytest.raises(ExportContractBroken, match=r"'aws'.*have a header and no lines.*cur\.csv\.gz"):
        land_all(tmp_path, home)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"\n"])
def test_a_file_without_even_a_header(tmp_path: Path, home: Home, content: bytes) -> None:
    (tmp_path / "cur.csv.gz").write_bytes(content)
    with pytest.raises(ExportUnreadable, match=r"'aws'.*cur\.csv\.gz"):
        land_all(tmp_path, home)


def test_a_part_of_no_bytes_that_the_manifest_names(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()] * 2, parts=2)
    next(tmp_path.rglob("*-00002.snappy.parquet")).write_bytes(b"")
    with pytest.raises(ExportUnreadable, match=r"'aws', billing period 2026-10.*-00002\.snappy\.parquet is empty"):
        land_all(tmp_path, home)


def test_a_zip_archive_says_what_to_choose_instead(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line()])
    next(tmp_path.rglob("*.csv.gz")).write_bytes(b"PK\x03\x04rest")
    with pytest.raises(ExportUnreadable, match=r"2026-10.*report-1\.csv\.gz is a ZIP archive.*GZIP or Parquet"):
        land_all(tmp_path, home)


def test_a_parquet_file_damaged_in_the_middle(tmp_path: Path, home: Home) -> None:
    lines = [cur2_line(line_item_line_item_description=f"line number {n}") for n in range(200)]
    path = write_parquet(tmp_path / "cur.parquet", lines)
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(bytes(content))
    with pytest.raises(ExportUnreadable, match=r"'aws'.*cur\.parquet"):
        land_all(tmp_path, home)
    assert nothing_is_landed(home)


def test_a_csv_line_with_too_few_fields(tmp_path: Path, home: Home) -> None:
    line = legacy_line()
    write_legacy_report(tmp_path, [line])
    write_csv(next(tmp_path.rglob("*.csv.gz")), list(line), [list(line.values()), ["cut", "off"]])
    with pytest.raises(ExportUnreadable, match=r"'aws', billing period 2026-10.*report-1\.csv\.gz"):
        land_all(tmp_path, home)


def test_a_file_of_another_kind_among_the_named_ones(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()] * 2, parts=2)
    write_lines_csv(next(tmp_path.rglob("*-00002.snappy.parquet")), [focus_line()])
    with pytest.raises(ExportContractBroken, match=r"2026-10.*-00002\.snappy\.parquet is focus, not aws_cur2"):
        land_all(tmp_path, home)


def test_two_columns_that_mean_the_same_cost(tmp_path: Path, home: Home) -> None:
    write_lines_csv(
        tmp_path / "cur.csv", [legacy_line(line_item_unblended_cost="1", **{"lineItem/unblendedCost": "2"})]
    )
    with pytest.raises(ExportContractBroken, match=r"cur\.csv: columns .* both mean line_item_unblended_cost"):
        land_all(tmp_path, home)


def test_another_currency_than_the_recorded_one(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(line_item_currency_code="EUR")])
    with pytest.raises(CurrencyChanged, match=r"'aws', billing period 2026-10.*012345678901.*EUR.*USD.*\.parquet"):
        land_all(tmp_path, home, {"012345678901": "USD"})
    assert nothing_is_landed(home)
    assert land_all(tmp_path, home, {"012345678901": "EUR", "999999999999": "USD"})


def test_two_currencies_in_one_account(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(), cur2_line(line_item_currency_code="CNY")])
    with pytest.raises(CurrencyChanged, match=r"012345678901.*USD.*CNY|012345678901.*CNY.*USD"):
        land_all(tmp_path, home)


def test_a_file_that_may_not_be_read(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    write_data_export(tmp_path, [cur2_line()])
    [delivery] = discover(str(tmp_path), "aws")

    stat = Path.stat

    def refuse(path: Path, **options: bool) -> object:
        if str(path) == delivery.files[0].uri:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(StoreAccessDenied, match=r"'aws', billing period 2026-10.*may not be read"):
        land(delivery, home, known_currencies={}, now=NOW)


def test_a_file_that_went_away_after_listing(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()])
    [delivery] = discover(str(tmp_path), "aws")
    Path(delivery.files[0].uri).unlink()
    with pytest.raises(ExportNotDelivered, match=r"'aws', billing period 2026-10.*is gone now"):
        land(delivery, home, known_currencies={}, now=NOW)


def test_a_manifest_that_is_no_json_keeps_back_its_own_period_only(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()]).write_text("{")
    write_data_export(
        tmp_path, [cur2_line(bill_billing_period_start_date=datetime.fromisoformat("2026-09-01"))], period="2026-09"
    )
    good, broken = discover(str(tmp_path), "aws")
    assert land(good, home, known_currencies={}, now=NOW).row_count == 1
    with pytest.raises(ExportUnreadable, match=r"'aws', billing period 2026-10.*Manifest\.json is no JSON"):
        land(broken, home, known_currencies={}, now=NOW)


def test_a_file_that_the_manifest_names_twice_is_not_counted_twice(tmp_path: Path, home: Home) -> None:
    manifest = write_data_export(tmp_path, [cur2_line()])
    content = json.loads(manifest.read_text())
    write_json(manifest, {**content, "dataFiles": content["dataFiles"] * 2})
    with pytest.raises(ExportUnreadable, match=r"'aws', billing period 2026-10.*-00001.*counted twice"):
        land_all(tmp_path, home)
    assert nothing_is_landed(home)


def test_a_copy_of_a_part_is_not_counted_twice(tmp_path: Path, home: Home) -> None:
    write_parquet(tmp_path / "part.parquet", [cur2_line()])
    shutil.copy(tmp_path / "part.parquet", tmp_path / "part (1).parquet")
    with pytest.raises(ExportUnreadable, match=r"part \(1\)\.parquet and part\.parquet are the same file"):
        land_all(tmp_path, home)


def test_a_day_far_from_the_period_is_refused_before_it_replaces_anything(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(line_item_usage_start_date=datetime.fromisoformat("2046-10-01"))])
    with pytest.raises(ExportContractBroken, match=r"'aws', billing period 2026-10.*2046-10-01, far from.*\.parquet"):
        land_all(tmp_path, home)


@pytest.mark.parametrize(
    "line_type", ["RIFee", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanRecurringFee"]
)
def test_a_commitment_without_the_columns_of_its_cost_is_refused(tmp_path: Path, home: Home, line_type: str) -> None:
    line = {name: value for name, value in cur2_line().items() if not name.startswith(("reservation", "savings_plan"))}
    write_data_export(tmp_path, [line])
    assert land_all(tmp_path, home)[0].row_count == 1
    write_data_export(tmp_path, [{**line, "line_item_line_item_type": line_type}], execution="exec-2")
    with pytest.raises(ExportContractBroken, match=rf"lines of type {line_type} need (reservation|savings_plan)_"):
        land_all(tmp_path, home)


@pytest.mark.parametrize("line_type", ["RIFee", "DiscountedUsage", "SavingsPlanRecurringFee"])
def test_a_commitment_without_its_arn_is_refused(tmp_path: Path, home: Home, line_type: str) -> None:
    """Without it the upfront fee is a fee like any other, and would count besides the use that it pays for."""
    is_plan = line_type.startswith("SavingsPlan")
    missing = "savings_plan_savings_plan_a_r_n" if is_plan else "reservation_reservation_a_r_n"
    lines = with_every_column([cur2_line(), *bill("1", net=False)])
    here = [
        {name: value for name, value in line.items() if name != missing}
        for line in lines
        if line["line_item_line_item_type"] in ("Usage", "Fee", line_type)
    ]
    write_data_export(tmp_path, here)
    with pytest.raises(ExportContractBroken, match=rf"lines of type {line_type} need {missing}, which .*add the col"):
        land_all(tmp_path, home)
    assert nothing_is_landed(home)
