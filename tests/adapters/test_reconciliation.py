"""Every hop is held against the one before it, invoice by invoice: through landing's own totals and real builds."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters import landing, warehouse
from mlspend.adapters.config import default
from mlspend.adapters.home import Home
from mlspend.adapters.landing_identity import holds_same_lines
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import BuildFailed
from tests.aws_exports import cur2_line, write_data_export
from tests.landed_by_hand import NOW, ask, land, line

PLAN = "arn:aws:savingsplans::012345678901:savingsplan/1"
SP = {"savings_plan_savings_plan_a_r_n": PLAN}


def as_of_the_previous_release(receipt: Receipt) -> Receipt:
    """The same receipt as it was written before totals were per invoice."""
    raw = json.loads(receipt.to_json())
    raw.pop("tells_invoices")
    sums: dict[str, dict[str, object]] = {}
    for total in raw["control_totals"]:
        total.pop("invoice_id")
        key = f"{total['charge_date']} {total['sub_account_id']}"
        known = sums.setdefault(key, {**total, "row_count": 0, "billed_cost": "0"})
        known["row_count"] = int(str(known["row_count"])) + total["row_count"]
        known["billed_cost"] = str(Decimal(str(known["billed_cost"])) + Decimal(total["billed_cost"]))
    return Receipt.from_json(json.dumps({**raw, "control_totals": list(sums.values())}))


def test_landing_counts_per_invoice_in_the_raw_file(tmp_path: Path, home: Home) -> None:
    write_data_export(
        tmp_path,
        [
            cur2_line(bill_invoice_id="A"),
            cur2_line(bill_invoice_id="B", line_item_unblended_cost=0.25),
            cur2_line(bill_invoice_id=""),
            cur2_line(bill_invoice_id=None, line_item_unblended_cost=2),
        ],
    )
    [delivery] = landing.discover(str(tmp_path), "aws")
    receipt = landing.land(delivery, home, known_currencies={}, now=datetime(2026, 11, 2, tzinfo=UTC))
    assert receipt.tells_invoices
    assert [(one.invoice_id, one.row_count, one.billed_cost) for one in receipt.control_totals] == [
        ("", 2, Decimal("3.5")),
        ("A", 1, Decimal("1.5")),
        ("B", 1, Decimal("0.25")),
    ]
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_a_receipt_of_the_previous_release_still_knows_its_lines(tmp_path: Path, home: Home) -> None:
    write_data_export(tmp_path, [cur2_line(bill_invoice_id="A"), cur2_line(bill_invoice_id="B")])
    [delivery] = landing.discover(str(tmp_path), "aws")
    receipt = landing.land(delivery, home, known_currencies={}, now=datetime(2026, 11, 2, tzinfo=UTC))
    old = as_of_the_previous_release(receipt)
    assert (old.tells_invoices, [one.billed_cost for one in old.control_totals]) == (False, [Decimal(3)])
    assert old.billed_costs == receipt.billed_costs
    folder = (home.landing / receipt.landed_files[0]).parent

    def is_same(current: Receipt) -> bool:
        with landing.connect() as connection:
            return holds_same_lines(connection, home.landing, current, receipt, folder)

    assert is_same(old)
    [first, second] = receipt.control_totals
    moved = (replace(first, billed_cost=Decimal(1)), replace(second, billed_cost=Decimal(2)))
    assert not is_same(replace(receipt, control_totals=moved))


COLUMNS = (
    "invoice_id, landed_billed_cost, focus_billed_cost, monthly_spend_billed_cost, focus_effective_cost, true_up_cost,"
    " other_invoices_cost, unexplained_cost, is_reconciled"
)


@pytest.mark.usefixtures("spare_parsing")
def test_what_others_use_of_a_commitment_is_told_in_the_buyers_own_export_only(home: Home) -> None:
    """Of a plan of 10 an hour 9 were used, 5 of them here: 10 billed, 5 + 1 unused effective, 4 used elsewhere."""
    fee = line(
        "2026-10-01", "10", line_item_line_item_type="SavingsPlanRecurringFee",
        line_item_product_code="ComputeSavingsPlans", savings_plan_total_commitment_to_date="10",
        savings_plan_used_commitment="9", **SP,
    )  # fmt: skip
    covered = line(
        "2026-10-01", "8", line_item_line_item_type="SavingsPlanCoveredUsage",
        savings_plan_savings_plan_effective_cost="5", **SP,
    )  # fmt: skip
    bill = [fee, covered, line("2026-10-01", "-8", line_item_line_item_type="SavingsPlanNegation", **SP)]
    own = land(home, bill, "2026-10", "o1")
    built = warehouse.build(home, default(), [own], None, now=NOW)
    query = """select focus_billed_cost, focus_effective_cost, used_elsewhere_cost, true_up_cost, unexplained_cost,
        is_reconciled from marts.reconciliation"""
    assert ask(built.warehouse_path, query) == [(10, 6, 4, 4, 0, True)]

    # Where another account's line is there, its use would be too: 4 are missing.
    other = line("2026-10-02", "1", line_item_usage_account_id="000000000002")
    all_accounts = land(home, [*bill, other], "2026-10", "o2")
    with pytest.raises(BuildFailed, match="assert_effective_cost_ties_to_billed_cost"):
        warehouse.build(home, default(), [all_accounts], None, now=NOW)


@pytest.mark.usefixtures("spare_parsing")
def test_hops_agree_on_every_invoice_and_a_cent_on_the_wrong_one_stops(home: Home) -> None:
    """A plan's fee of 10 stands on invoice FEE, the use of 6 that it covers on USE; 4 are unused, nothing upfront."""
    lines = [
        line(
            "2026-10-01", "10", bill_invoice_id="FEE", line_item_line_item_type="SavingsPlanRecurringFee",
            line_item_product_code="ComputeSavingsPlans", savings_plan_total_commitment_to_date="10",
            savings_plan_used_commitment="6", **SP,
        ),
        line(
            "2026-10-01", "8", bill_invoice_id="USE", line_item_line_item_type="SavingsPlanCoveredUsage",
            savings_plan_savings_plan_effective_cost="6", **SP,
        ),
        line("2026-10-01", "-8", bill_invoice_id="USE", line_item_line_item_type="SavingsPlanNegation", **SP),
        line("2026-10-02", "3", bill_invoice_id="USE"),
        line("2026-10-03", "2"),
    ]  # fmt: skip
    told = land(home, lines, "2026-10", "o1", tells_invoices=True)
    day = {"line_item_usage_start_date": "2026-09-01 00:00:00", "line_item_usage_end_date": "2026-09-01 01:00:00"}
    untold = land(home, [{**each, **day} for each in lines], "2026-09", "s1")
    raw = json.loads((home.landing / "aws/2026-09/s1/receipt.json").read_text())
    raw.pop("tells_invoices")
    for total in raw["control_totals"]:
        total.pop("invoice_id")
    (home.landing / "aws/2026-09/s1/receipt.json").write_text(json.dumps(raw))
    built = warehouse.build(home, default(), [told, untold], None, now=NOW)

    def rows(period: str) -> list[tuple[object, ...]]:
        query = f"select {COLUMNS} from marts.reconciliation where billing_period = '{period}' order by all"
        return ask(built.warehouse_path, query)

    ten, six, zero = Decimal(10), Decimal(6), Decimal(0)
    assert rows("2026-10") == [
        # The fee's effective cost is the unused 4; the 6 used are effective cost of the other invoice.
        ("FEE", ten, ten, ten, Decimal(4), zero, six, zero, True),
        ("USE", Decimal(3), Decimal(3), Decimal(3), Decimal(9), zero, -six, zero, True),
        (None, Decimal(2), Decimal(2), Decimal(2), Decimal(2), zero, zero, zero, True),
    ]
    # The previous release's receipt cannot tell: one row for the account, and it adds up all the same.
    fifteen = Decimal(15)
    assert rows("2026-09") == [(None, fifteen, fifteen, fifteen, fifteen, zero, zero, zero, True)]

    # A receipt by which one cent of USE is FEE's: per account all is right.
    totals = tuple(
        replace(one, billed_cost=one.billed_cost + Decimal("0.01") * {"FEE": 1, "USE": -1}.get(one.invoice_id, 0))
        if one.charge_date == date(2026, 10, 1)
        else one
        for one in told.control_totals
    )
    wrong = replace(told, control_totals=totals)
    (home.landing / "aws/2026-10/o1/receipt.json").write_text(wrong.to_json())
    with pytest.raises(BuildFailed) as failed:
        warehouse.build(home, default(), [wrong], None, now=NOW)
    said = str(failed.value)
    assert "test assert_focus_conserves_cost" in said
    place = "billing_period 2026-10, billing_account_id 012345678901, invoice_id"
    assert all(f"{place} {invoice}" in said for invoice in ("FEE", "USE"))
