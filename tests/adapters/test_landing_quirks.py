"""The odd facts of AWS exports (numbered as in the notes on exports), each landed right."""

import gzip
import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ExportContractBroken, ExportNotDelivered, ExportReplaced, ExportUnreadable
from tests.aws_exports import (
    EXPORT,
    cur2_line,
    focus_line,
    landed,
    legacy_line,
    write_csv,
    write_data_export,
    write_legacy_report,
    write_lines_csv,
    write_parquet,
)

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def land_all(location: Path, home: Home) -> list[Receipt]:
    return [land(each, home, known_currencies={}, now=NOW) for each in discover(str(location), "aws")]


def land_one(location: Path, home: Home) -> Receipt:
    [receipt] = land_all(location, home)
    return receipt


def billed(receipt: Receipt) -> Decimal:
    return sum((total.billed_cost for total in receipt.control_totals), Decimal(0))


def test_quirk_1_case_duplicate_tags_in_csv_files_of_another_order(tmp_path: Path, home: Home) -> None:
    tags = {"resourceTags/user:Team": "upper", "resourceTags/user:team": "lower"}
    for number, names in enumerate(itertools.permutations(tags)):
        write_lines_csv(tmp_path / f"part-{number}.csv.gz", [legacy_line(**{name: tags[name] for name in names})])
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "tags") == [({"user:Team": "upper", "user:team": "lower"},)] * 2
    assert receipt.tag_keys == ("user:Team", "user:team")


def test_quirk_1_case_duplicate_tags_in_parquet_files_of_another_order(tmp_path: Path, home: Home) -> None:
    line = cur2_line()
    del line["resource_tags"]
    for number, names in enumerate((("Team", "xeam"), ("xeam", "Team"))):
        values = {f"resource_tags_user_{name}": {"Team": "upper", "xeam": "lower"}[name] for name in names}
        path = write_parquet(tmp_path / f"part-{number}.parquet", [{**line, **values}])
        path.write_bytes(path.read_bytes().replace(b"resource_tags_user_xeam", b"resource_tags_user_team"))
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "tags") == [({"user_Team": "upper", "user_team": "lower"},)] * 2


def test_quirk_2_duplicate_map_keys_name_the_file(tmp_path: Path, home: Home) -> None:
    write_parquet(tmp_path / "good.parquet", [cur2_line()])
    path = write_parquet(tmp_path / "bad.parquet", [cur2_line(resource_tags={"user_aa": "1", "user_ab": "2"})])
    path.write_bytes(path.read_bytes().replace(b"user_ab", b"user_aa"))
    with pytest.raises(ExportContractBroken, match=r"'aws'.*2026-10.*bad\.parquet.*same key twice"):
        land_one(tmp_path, home)
    assert not list(home.landing.glob("aws/**/*"))


def test_quirk_2_duplicate_map_keys_in_json(tmp_path: Path, home: Home) -> None:
    write_lines_csv(tmp_path / "focus.csv", [focus_line(), focus_line(Tags='{"a": "1", "a": "2"}')])
    with pytest.raises(ExportContractBroken, match=r"focus\.csv.*same key twice"):
        land_one(tmp_path, home)


def test_quirk_3_columns_that_appear_and_disappear(tmp_path: Path, home: Home) -> None:
    write_lines_csv(tmp_path / "a.csv.gz", [legacy_line(**{"resourceTags/user:team": "risk", "product/region": "eu"})])
    write_lines_csv(tmp_path / "b.csv.gz", [legacy_line(**{"product/productFamily": "Compute", "new/Column": "x"})])
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "tags", "product", "product_product_family", "x_extra") == [
        ({"user:team": "risk"}, {"region": "eu"}, None, None),
        (None, None, "Compute", {"new/Column": "x"}),
    ]
    assert receipt.extra_columns == ("new/Column",)
    assert "product_product_family" not in receipt.absent_columns
    assert "line_item_resource_id" in receipt.absent_columns


def test_quirk_4_equal_line_item_ids_stay_lines_of_their_own(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(identity_line_item_id="same"), cur2_line(identity_line_item_id="same")])
    receipt = land_one(tmp_path, home)
    assert receipt.row_count == 2
    assert billed(receipt) == 3


def test_quirk_5_create_new_never_adds_executions_up(tmp_path: Path, home: Home) -> None:
    for day in (2, 3, 4):
        write_data_export(tmp_path, [cur2_line()], execution=f"exec-{day}", at=f"2026-10-0{day}T01:00:00Z")
    receipts = land_all(tmp_path, home)
    assert [(receipt.delivery.version, billed(receipt)) for receipt in receipts] == [
        ("exec-4", Decimal("1.5")),
        ("exec-3", Decimal("1.5")),
        ("exec-2", Decimal("1.5")),
    ]


def test_quirk_5_legacy_assemblies_are_not_added_up(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line(line_item_unblended_cost=1)], assembly="draft")
    write_legacy_report(tmp_path, [legacy_line(line_item_unblended_cost=2)], assembly="final")
    receipt = land_one(tmp_path, home)
    assert (receipt.delivery.version, billed(receipt)) == ("final", 2)


def test_quirk_6_stale_parts_of_an_overwritten_period_are_ignored(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()] * 3, parts=3, execution="before")
    write_data_export(tmp_path, [cur2_line()], execution="after")
    assert len(list(tmp_path.rglob("*.parquet"))) == 3
    receipt = land_one(tmp_path, home)
    assert (receipt.delivery.version, receipt.row_count) == ("after", 1)


def test_quirk_6_a_file_replaced_between_listing_and_reading_is_tried_again(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()])
    [delivery] = discover(str(tmp_path), "aws")
    write_data_export(tmp_path, [cur2_line()] * 50, execution="next")
    with pytest.raises(ExportReplaced, match=r"'aws'.*2026-10.*try again"):
        land(delivery, home, known_currencies={}, now=NOW)


@pytest.mark.parametrize("name", ["cur.parquet", "cur.csv.gz"])
def test_quirk_7_truncated_files_are_named(tmp_path: Path, home: Home, name: str) -> None:
    if name.endswith("parquet"):
        path = write_parquet(tmp_path / name, [cur2_line()])
    else:
        line = legacy_line()
        path = write_csv(tmp_path / name, list(line), [[*list(line.values())[:-1], n] for n in range(5000)])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ExportUnreadable, match=rf"'aws'.*{name}"):
        land_all(tmp_path, home)


def test_quirk_7_a_truncated_part_of_a_manifest_is_named_with_its_period(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line(line_item_usage_amount=n) for n in range(3000)])
    part = next(tmp_path.rglob("*.csv.gz"))
    part.write_bytes(part.read_bytes()[:-30])
    with pytest.raises(ExportUnreadable, match=r"'aws', billing period 2026-10.*report-1\.csv\.gz"):
        land_all(tmp_path, home)
    assert not list(home.landing.glob("aws/**/*"))


def test_quirk_7_a_part_that_is_missing_is_waited_for(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()] * 2, parts=2)
    next(tmp_path.rglob("*-00002.snappy.parquet")).unlink()
    with pytest.raises(ExportNotDelivered, match=rf"'aws'.*2026-10.*{EXPORT}-00002\.snappy\.parquet.*Manifest\.json"):
        land_all(tmp_path, home)


def test_quirk_8_a_header_without_lines_lands_nothing(tmp_path: Path, home: Home) -> None:
    write_legacy_report(tmp_path, [legacy_line()])
    write_csv(next(tmp_path.rglob("*.csv.gz")), list(legacy_line()), [])
    with pytest.raises(ExportContractBroken, match=r"'aws', billing period 2026-10.*no line in .*report-1\.csv\.gz"):
        land_all(tmp_path, home)
    assert not list(home.landing.glob("aws/**/*"))


def test_quirk_11_refunds_and_credits_are_negative_lines(tmp_path: Path, home: Home) -> None:
    write_data_export(
        tmp_path,
        [
            cur2_line(line_item_unblended_cost=10.0, bill_bill_type="Anniversary"),
            cur2_line(line_item_unblended_cost=-4.25, line_item_line_item_type="Refund", bill_bill_type="Refund"),
            cur2_line(line_item_unblended_cost=-1.0, line_item_line_item_type="Credit", bill_bill_type="Anniversary"),
        ],
    )
    assert billed(land_one(tmp_path, home)) == Decimal("4.75")


def test_quirk_13_split_cost_lies_beside_the_billed_cost(tmp_path: Path, home: Home) -> None:
    write_data_export(
        tmp_path,
        [
            cur2_line(split_line_item_split_cost=None),
            cur2_line(line_item_unblended_cost=0.0, split_line_item_split_cost=0.75),
        ],
    )
    receipt = land_one(tmp_path, home)
    assert billed(receipt) == Decimal("1.5")
    assert landed(home, receipt, "split_line_item_split_cost") == [(Decimal("0.75"),), (None,)]


def test_quirk_14_an_export_without_resource_ids(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line()])
    receipt = land_one(tmp_path, home)
    assert "line_item_resource_id" in receipt.absent_columns
    assert landed(home, receipt, "line_item_resource_id") == [(None,)]


def test_quirk_16_accounts_of_different_currencies_are_kept_apart(tmp_path: Path, home: Home) -> None:
    write_data_export(
        tmp_path, [cur2_line(), cur2_line(bill_payer_account_id="000000000099", line_item_currency_code="EUR")]
    )
    assert land_one(tmp_path, home).currencies == {"012345678901": "USD", "000000000099": "EUR"}


def test_quirk_17_doubles_become_decimals_line_by_line(tmp_path: Path, home: Home) -> None:
    costs = [0.1, 0.2, 1e-7, 4064.4831315363291, 1e-13]
    write_data_export(tmp_path, [cur2_line(line_item_unblended_cost=cost) for cost in costs])
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "sum(line_item_unblended_cost)", "typeof(any_value(line_item_unblended_cost))") == [
        (billed(receipt), "DECIMAL(38,12)")
    ]
    assert billed(receipt) == Decimal("0.3000001") + Decimal("4064.483131536329")


def test_quirk_17_scientific_notation_and_long_fractions_in_csv(tmp_path: Path, home: Home) -> None:
    costs = ["1.0E-5", "0.0000004000", "1e2", "-3.123456789012"]
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line(line_item_unblended_cost=cost) for cost in costs])
    assert billed(land_one(tmp_path, home)) == Decimal("96.876553610988")


@pytest.mark.parametrize(
    "text", ["2026-10-01T05:00:00Z", "2026-10-01T05:00:00.000Z", "2026-10-01 05:00:00", "2026-10-01 07:00:00+02:00"]
)
def test_quirk_18_times_are_utc_in_every_spelling(tmp_path: Path, home: Home, text: str) -> None:
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line(line_item_usage_start_date=text)])
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "line_item_usage_start_date") == [(datetime(2026, 10, 1, 5),)]  # noqa: DTZ001
    assert [total.charge_date for total in receipt.control_totals] == [date(2026, 10, 1)]


def test_quirk_25_literal_null_in_focus_files(tmp_path: Path, home: Home) -> None:
    write_lines_csv(
        tmp_path / "focus.csv", [focus_line(RegionId="NULL", ListCost="NULL", Tags="NULL", SubAccountId="NULL")]
    )
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "region_id", "list_cost", "tags", "sub_account_id") == [(None, None, None, None)]
    assert [total.sub_account_id for total in receipt.control_totals] == [""]


def test_quirk_23_tag_keys_with_a_leading_space_and_a_byte_order_mark(tmp_path: Path, home: Home) -> None:
    line = focus_line(Tags='{"org": "a", " org": "b"}')
    write_csv(tmp_path / "focus.csv", list(line), [list(line.values())], encoding="utf-8-sig")
    receipt = land_one(tmp_path, home)
    assert receipt.tag_keys == (" org", "org")
    assert landed(home, receipt, "tags", "billed_cost") == [({"org": "a", " org": "b"}, Decimal("1.5"))]


def test_quirk_26_hive_text(tmp_path: Path, home: Home) -> None:
    line = {
        **cur2_line(),
        "resource_tags_user_team": 'a "quoted", value',
        "line_item_operation": "None",
        "year": "2026",
    }
    del line["resource_tags"]
    rows = [list(line), ["\\N" if name == "line_item_usage_amount" else str(value) for name, value in line.items()]]
    (tmp_path / "BeforeCUR").write_bytes(gzip.compress("\n".join("\x01".join(row) for row in rows).encode()))
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "tags", "line_item_usage_amount", "line_item_operation", "bill_payer_account_id") == [
        ({"user_team": 'a "quoted", value'}, None, "None", "012345678901")
    ]


def test_quirk_27_leading_zeros_far_behind_the_first_rows(tmp_path: Path, home: Home) -> None:
    line = legacy_line()
    at = list(line).index("lineItem/UsageAccountId")
    values = list(line.values())
    rows = [[*values[:at], account, *values[at + 1 :]] for account in [*["923456789012"] * 70_000, "000000000042"]]
    write_csv(tmp_path / "cur.csv.gz", list(line), rows)
    receipt = land_one(tmp_path, home)
    assert {total.sub_account_id for total in receipt.control_totals} == {"923456789012", "000000000042"}


def test_quirk_27_account_ids_that_some_tool_made_numbers_of(tmp_path: Path, home: Home) -> None:
    line = cur2_line(bill_payer_account_id=12345678901)
    write_parquet(tmp_path / "cur.parquet", [line], types={"bill_payer_account_id": "bigint"})
    assert land_one(tmp_path, home).currencies == {"012345678901": "USD"}


def test_quirk_29_literal_none_is_no_number_but_may_be_a_text(tmp_path: Path, home: Home) -> None:
    line = legacy_line(**{"savingsPlan/SavingsPlanEffectiveCost": "None", "lineItem/Operation": "None"})
    write_lines_csv(tmp_path / "cur.csv.gz", [line])
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "savings_plan_savings_plan_effective_cost", "line_item_operation") == [(None, "None")]


def test_both_tag_maps_of_cur2_are_one(tmp_path: Path, home: Home) -> None:
    lines = [
        cur2_line(tags={"user:project": "recommender", "accountTag/stage": "prod"}),
        cur2_line(resource_tags=None, tags={"user:project": "x"}),
        cur2_line(tags=None),
    ]
    write_data_export(tmp_path, lines)
    receipt = land_one(tmp_path, home)
    assert receipt.tag_keys == ("accountTag/stage", "user:project", "user_project")
    assert ({"user:project": "x"},) in landed(home, receipt, "tags")
    assert ({"user_project": "recommender"},) in landed(home, receipt, "tags")


def test_maps_delivered_as_json_in_a_csv_export(tmp_path: Path, home: Home) -> None:
    line = cur2_line(resource_tags='{"user_project": "a"}', product='{"region": "eu"}', discount='{"edp": -0.25}')
    write_lines_csv(tmp_path / "cur2.csv.gz", [line, cur2_line(resource_tags="", product="{}", discount="")])
    receipt = land_one(tmp_path, home)
    assert receipt.delivery.export_kind == "aws_cur2"
    assert landed(home, receipt, "tags", "product", "discount") == [
        ({"user_project": "a"}, {"region": "eu"}, {"edp": Decimal("-0.25")}),
        (None, {}, None),
    ]


def test_aws_columns_of_focus_are_kept_as_extras(tmp_path: Path, home: Home) -> None:
    line = focus_line(x_ServiceCode="AmazonEC2", x_Operation="RunInstances", x_UsageType=None)
    line["x_Discounts"] = {"edp": -0.5}
    write_parquet(tmp_path / "focus.parquet", [line], types={"x_Discounts": "map(varchar, double)"})
    receipt = land_one(tmp_path, home)
    assert landed(home, receipt, "x_extra", "tags") == [
        (
            {"x_ServiceCode": "AmazonEC2", "x_Operation": "RunInstances", "x_Discounts": '{"edp":-0.5}'},
            {"project": "recommender"},
        )
    ]


def test_tag_values_of_every_kind_arrive_unchanged(tmp_path: Path, home: Home) -> None:
    values = ['it\'s "quoted", with\nnewline', "emoji 🚀", "'; drop table lines; --", "{x}", "\\N", "a\x1fb", "NULL"]
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line(**{"resourceTags/user:x'y\"z": value}) for value in values])
    receipt = land_one(tmp_path, home)
    assert {tags["user:x'y\"z"] for (tags,) in landed(home, receipt, "tags")} == set(values)


def test_many_product_columns_make_the_same_maps_as_few(tmp_path: Path, home: Home) -> None:
    products = [{f"product/attribute{n}": str(n * k) if (n + k) % 3 else "" for n in range(20)} for k in range(4)]
    write_lines_csv(tmp_path / "cur.csv.gz", [legacy_line(**each) for each in products for _ in range(3)])
    receipt = land_one(tmp_path, home)
    expected = [
        {name.removeprefix("product/").lower(): value for name, value in each.items() if value} for each in products
    ]
    assert receipt.row_count == 12
    found = [product for (product,) in landed(home, receipt, "product")]
    for each in expected:
        assert found.count(each) == 3
