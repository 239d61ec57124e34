"""The proof's own rule of amortisation, written a second time apart from the warehouse's models."""

from decimal import Decimal

import duckdb
import pytest

from expectations.measures import EFFECTIVE_COST

ARN = "arn:aws:ec2:us-east-1:012345678901:reserved-instances/1"
LINE = {
    "line_item_unblended_cost": "29",
    "line_item_product_code": "AmazonEC2",
    "reservation_reservation_a_r_n": "",
    "savings_plan_savings_plan_a_r_n": "",
    "reservation_effective_cost": "2",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "3",
    "reservation_unused_recurring_fee": "4",
    "savings_plan_savings_plan_effective_cost": "5",
    "savings_plan_total_commitment_to_date": "10",
    "savings_plan_used_commitment": "4",
    "split_line_item_parent_resource_id": "",
    "line_item_net_unblended_cost": "27",
    "reservation_net_effective_cost": "1",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period": "2",
    "reservation_net_unused_recurring_fee": "3",
    "savings_plan_net_savings_plan_effective_cost": "4",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period": "3",
}
PLAN = {"savings_plan_savings_plan_a_r_n": ARN}
RESERVATION = {"reservation_reservation_a_r_n": ARN}


@pytest.mark.parametrize(
    ("line_type", "changes", "effective", "net_effective"),
    [
        ("Usage", {}, "29", "27"),
        ("Usage", {"split_line_item_parent_resource_id": "i-1"}, "29", "27"),
        ("SavingsPlanCoveredUsage", {"split_line_item_parent_resource_id": "i-1", **PLAN}, "29", "27"),
        ("Fee", {}, "29", "27"),
        ("Fee", RESERVATION, "0", "0"),
        ("Fee", PLAN, "0", "0"),
        ("Refund", {}, "29", "27"),
        ("Refund", PLAN, "0", "0"),
        ("Refund", RESERVATION, "0", "0"),
        ("Refund", {"line_item_product_code": "ComputeSavingsPlans"}, "0", "0"),
        ("Refund", {"line_item_product_code": "MachineLearningSavingsPlans"}, "0", "0"),
        ("Refund", {"line_item_product_code": "DatabaseSavingsPlans"}, "0", "0"),
        ("DiscountedUsage", RESERVATION, "2", "1"),
        ("RIFee", RESERVATION, "7", "5"),
        ("SavingsPlanCoveredUsage", PLAN, "5", "4"),
        # Of the net commitment of 27 and 3 six tenths are unused.
        ("SavingsPlanRecurringFee", PLAN, "6", "18"),
        ("SavingsPlanRecurringFee", {"savings_plan_total_commitment_to_date": "0"}, "-4", "0"),
        ("SavingsPlanNegation", PLAN, "0", "0"),
        ("SavingsPlanUpfrontFee", PLAN, "0", "0"),
        ("Tax", {}, "29", "27"),
        ("EdpDiscount", {}, "29", "27"),
    ],
)
@pytest.mark.parametrize("missing", ["", None], ids=["empty-text", "null"])
def test_every_line_type_costs_what_its_use_costs(
    line_type: str, changes: dict[str, str], effective: str, net_effective: str, missing: str | None
) -> None:
    line = {**LINE, "line_item_line_item_type": line_type, **changes}
    line = {name: missing if value == "" else value for name, value in line.items()}
    columns = ", ".join(
        f"cast(${name} as {'decimal(38, 12)' if LINE.get(name, '').isdigit() else 'varchar'}) as {name}"
        for name in line
    )
    query = f"select {EFFECTIVE_COST['aws_cur']} from (select {columns}), (values (false), (true)) as payers (is_net)"
    assert duckdb.execute(query, line).fetchall() == [(Decimal(effective),), (Decimal(net_effective),)]
