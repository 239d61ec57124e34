"""Control totals of payers with discounts: net for all their lines in all files of the delivery, or for none."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters.home import Home
from mlspend.adapters.landing import discover, land
from mlspend.core.deliveries import Receipt
from tests.aws_exports import Line, cur2_line, legacy_line, write_data_export, write_legacy_report, write_parquet
from tests.landed_by_hand import NOW


def net_line(net: float | None, **changes: Any) -> Line:
    """A line of 1.5 before discounts."""
    return cur2_line(
        **{
            "line_item_net_unblended_cost": net,
            "reservation_effective_cost": None,
            "reservation_net_effective_cost": None,
            "reservation_reservation_a_r_n": None,
            "savings_plan_savings_plan_a_r_n": None,
            **changes,
        }
    )


def land_one(location: Path, home: Home) -> Receipt:
    [delivery] = discover(str(location), "aws")
    return land(delivery, home, known_currencies={}, now=NOW)


def billed(receipt: Receipt) -> dict[str, Decimal]:
    costs: dict[str, Decimal] = {}
    for total in receipt.control_totals:
        costs[total.billing_account_id] = costs.get(total.billing_account_id, Decimal(0)) + total.billed_cost
    return costs


def test_an_account_is_net_over_all_files_or_not_at_all(tmp_path: Path, home: Home) -> None:
    whole, half, reserved = ({"bill_payer_account_id": account * 12} for account in "123")
    lines = [
        net_line(1.25, **whole),
        net_line(1.25, **half),
        net_line(1.25, **reserved),
        net_line(None, line_item_unblended_cost=0.0, **whole),
        net_line(1.0, **whole, line_item_usage_account_id="000000000043"),
        net_line(None, **half),
        net_line(0.0, line_item_unblended_cost=0.0, line_item_line_item_type="DiscountedUsage", **reserved)
        | {"reservation_effective_cost": 2.0},
        net_line(0.0, line_item_unblended_cost=-0.25, line_item_line_item_type="EdpDiscount", **whole),
    ]
    # Every other line in the other file: only the second holds what the half lacks.
    write_data_export(tmp_path, lines, parts=2)
    receipt = land_one(tmp_path, home)
    assert receipt.net_accounts == ("1" * 12,)
    assert billed(receipt) == {"1" * 12: Decimal("2.25"), "2" * 12: Decimal("3.0"), "3" * 12: Decimal("1.5")}
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_a_file_without_the_column_keeps_the_account_from_being_net(tmp_path: Path, home: Home) -> None:
    manifest = write_data_export(tmp_path, [net_line(1.25), net_line(1.25)], parts=2)
    _, second = (
        tmp_path / name[len("s3://company-bills/") :] for name in json.loads(manifest.read_text())["dataFiles"]
    )
    write_parquet(second, [cur2_line()])
    receipt = land_one(tmp_path, home)
    assert (receipt.net_accounts, billed(receipt)) == ((), {"012345678901": Decimal("3.0")})


@pytest.mark.parametrize(
    ("line_type", "gross", "net"),
    [
        ("DiscountedUsage", "reservation_effective_cost", "reservation_net_effective_cost"),
        (
            "RIFee",
            "reservation_unused_recurring_fee",
            "reservation_net_unused_recurring_fee",
        ),
        (
            "SavingsPlanRecurringFee",
            "savings_plan_amortized_upfront_commitment_for_billing_period",
            "savings_plan_net_amortized_upfront_commitment_for_billing_period",
        ),
        (
            "SavingsPlanCoveredUsage",
            "savings_plan_savings_plan_effective_cost",
            "savings_plan_net_savings_plan_effective_cost",
        ),
        ("Usage", "split_line_item_split_cost", "split_line_item_net_split_cost"),
    ],
)
def test_what_a_commitment_lacks_keeps_its_account_from_being_net(
    tmp_path: Path, home: Home, line_type: str, gross: str, net: str
) -> None:
    needed = {
        "reservation_amortized_upfront_fee_for_billing_period": 0.0,
        "reservation_unused_amortized_upfront_fee_for_billing_period": 0.0,
        "reservation_unused_recurring_fee": 0.0,
        "savings_plan_amortized_upfront_commitment_for_billing_period": 0.0,
        "savings_plan_total_commitment_to_date": 2.0,
        "savings_plan_used_commitment": 2.0,
        "savings_plan_savings_plan_effective_cost": 0.0,
    }
    line = net_line(1.25, line_item_line_item_type=line_type, **needed) | {gross: 2.0}
    write_data_export(tmp_path / "missing", [line])
    write_data_export(tmp_path / "filled", [line | {net: 1.75}], execution="exec-2")
    assert land_one(tmp_path / "missing", home).net_accounts == ()
    assert land_one(tmp_path / "filled", home).net_accounts == ("012345678901",)


def test_a_column_of_zeros_is_no_net_cost(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [net_line(0.0), net_line(0.0)])
    receipt = land_one(tmp_path, home)
    assert (receipt.net_accounts, billed(receipt)) == ((), {"012345678901": Decimal("3.0")})


def test_the_legacy_report_says_net_in_its_own_words(tmp_path: Path, home: Home) -> None:
    lines = [
        legacy_line(**{"lineItem/NetUnblendedCost": "1.35"}),
        legacy_line(
            **{"lineItem/NetUnblendedCost": "0"},
            line_item_line_item_type="EdpDiscount",
            line_item_unblended_cost="-0.15",
        ),
    ]
    write_legacy_report(tmp_path, lines)
    receipt = land_one(tmp_path, home)
    assert (receipt.net_accounts, billed(receipt)) == (("012345678901",), {"012345678901": Decimal("1.35")})


def test_lines_of_another_month_do_not_decide(tmp_path: Path, home: Home) -> None:
    other = {
        "bill_billing_period_start_date": "2026-09-01 00:00:00",
        "line_item_usage_start_date": "2026-09-02 00:00:00",
        "line_item_usage_end_date": "2026-09-02 01:00:00",
    }
    write_parquet(tmp_path / "bill.parquet", [net_line(1.25), net_line(None, **other)])
    receipts = [land(each, home, known_currencies={}, now=NOW) for each in discover(str(tmp_path), "aws")]
    assert {one.delivery.period: one.net_accounts for one in receipts} == {"2026-10": ("012345678901",), "2026-09": ()}


def test_receipts_of_releases_that_knew_no_net_costs_say_so(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [net_line(1.25)])
    told = json.loads(land_one(tmp_path, home).to_json())
    del told["net_accounts"]
    assert Receipt.from_json(json.dumps(told)).net_accounts is None
