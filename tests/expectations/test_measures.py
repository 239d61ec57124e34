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
}


@pytest.mark.parametrize(
    ("line_type", "changes", "effective"),
    [
        ("Usage", {}, "29"),
        ("Fee", {}, "29"),
        ("Fee", {"reservation_reservation_a_r_n": ARN}, "0"),
        ("Refund", {}, "29"),
        ("Refund", {"savings_plan_savings_plan_a_r_n": ARN}, "0"),
        ("Refund", {"line_item_product_code": "ComputeSavingsPlans"}, "0"),
        ("DiscountedUsage", {"reservation_reservation_a_r_n": ARN}, "2"),
        ("RIFee", {"reservation_reservation_a_r_n": ARN}, "7"),
        ("SavingsPlanCoveredUsage", {"savings_plan_savings_plan_a_r_n": ARN}, "5"),
        ("SavingsPlanRecurringFee", {"savings_plan_savings_plan_a_r_n": ARN}, "6"),
        ("SavingsPlanNegation", {"savings_plan_savings_plan_a_r_n": ARN}, "0"),
        ("SavingsPlanUpfrontFee", {"savings_plan_savings_plan_a_r_n": ARN}, "0"),
        ("Tax", {}, "29"),
        ("EdpDiscount", {}, "29"),
    ],
)
@pytest.mark.parametrize("missing", ["", None], ids=["empty-text", "null"])
def test_every_line_type_costs_what_its_use_costs(
    line_type: str, changes: dict[str, str], effective: str, missing: str | None
) -> None:
    line = {**LINE, "line_item_line_item_type": line_type, **changes}
    line = {name: missing if value == "" else value for name, value in line.items()}
    columns = ", ".join(
        f"cast(${name} as {'decimal(38, 12)' if LINE.get(name, '').isdigit() else 'varchar'}) as {name}"
        for name in line
    )
    found = duckdb.execute(f"select {EFFECTIVE_COST['aws_cur']} from (select {columns})", line).fetchall()
    assert found == [(Decimal(effective),)]
