"""A month of an AWS payer with every line item type, before and after discounts."""

from typing import Any

from tests.aws_exports import Line, cur2_line

SP = "arn:aws:savingsplans::1:savingsplan/1"
RI = "arn:aws:ec2:us-east-1:1:reserved-instances/1"
_COMMITMENTS = (
    "reservation_reservation_a_r_n",
    "reservation_effective_cost",
    "reservation_net_effective_cost",
    "reservation_amortized_upfront_fee_for_billing_period",
    "reservation_net_amortized_upfront_fee_for_billing_period",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_net_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "reservation_net_unused_recurring_fee",
    "savings_plan_savings_plan_a_r_n",
    "savings_plan_savings_plan_effective_cost",
    "savings_plan_net_savings_plan_effective_cost",
    "savings_plan_amortized_upfront_commitment_for_billing_period",
    "savings_plan_net_amortized_upfront_commitment_for_billing_period",
    "savings_plan_total_commitment_to_date",
    "savings_plan_used_commitment",
    "split_line_item_parent_resource_id",
    "split_line_item_split_cost",
    "split_line_item_net_split_cost",
)


def _bill_line(payer: str, line_type: str, cost: float, net: float | None = None, **changes: Any) -> Line:
    return (
        cur2_line(
            **dict.fromkeys(_COMMITMENTS),
            discount_total_discount=None,
            bill_payer_account_id=payer * 12,
            line_item_line_item_type=line_type,
            line_item_unblended_cost=cost,
            line_item_net_unblended_cost=net,
        )
        | changes
    )


def bill(payer: str, *, net: bool) -> list[Line]:
    """A month of everything, a tenth off where `net`; what it comes to is worked out below."""

    def priced(line_type: str, cost: float, **changes: Any) -> Line:
        return _bill_line(payer, line_type, cost, round(cost * 0.9, 6) if net else None, **changes)

    def also(**amounts: float) -> dict[str, float]:
        """Amounts before discounts and, where the payer is net, after them, under the names of both columns."""
        made = dict(amounts)
        for name, amount in amounts.items():
            if net:
                before, rest = name.split("_", 1) if name.startswith("reservation") else ("savings_plan", name[13:])
                made[f"{before}_net_{rest}"] = round(amount * 0.9, 6)
        return made

    plan, reservation = {"savings_plan_savings_plan_a_r_n": SP}, {"reservation_reservation_a_r_n": RI}
    month = {"line_item_usage_start_date": "2026-10-01 00:00:00", "line_item_usage_end_date": "2026-10-31 23:59:59"}
    september = {"line_item_usage_start_date": "2026-09-03 00:00:00", "line_item_usage_end_date": "2026-09-03 01:00:00"}
    return [
        priced("Usage", 40.0, line_item_resource_id="i-1"),
        priced("SavingsPlanCoveredUsage", 20.0, **plan, **also(savings_plan_savings_plan_effective_cost=8.0)),
        priced("SavingsPlanNegation", -20.0, **plan),
        priced(
            "SavingsPlanRecurringFee",
            5.0,
            **plan,
            **also(savings_plan_amortized_upfront_commitment_for_billing_period=5.0),
            savings_plan_total_commitment_to_date=10.0,
            savings_plan_used_commitment=8.0,
            line_item_product_code="MachineLearningSavingsPlans",
            line_item_usage_account_id="000000000099",
        ),
        priced("SavingsPlanUpfrontFee", 900.0, **plan),
        priced("DiscountedUsage", 0.0, **reservation, **also(reservation_effective_cost=6.0)),
        priced(
            "RIFee",
            7.0,
            **reservation,
            **month,
            **also(
                reservation_amortized_upfront_fee_for_billing_period=3.0,
                reservation_unused_amortized_upfront_fee_for_billing_period=1.2,
                reservation_unused_recurring_fee=2.8,
            ),
            line_item_usage_account_id="000000000099",
        ),
        priced("Fee", 300.0, **reservation),
        priced("Refund", -30.0, **reservation),
        *(
            priced("Refund", -10.0, line_item_product_code=f"{kind}SavingsPlans", **september)
            for kind in ("Compute", "MachineLearning", "Database")
        ),
        priced("Refund", -4.0, line_item_product_code="AmazonEC2"),
        priced("Refund", -2.0, line_item_product_code="AmazonEC2", **september),
        priced("Credit", -3.0),
        priced("Tax", 9.0, line_item_usage_account_id=None),
        priced("Fee", 100.0, line_item_product_code="AWSSupportBusiness"),
        priced("Fee", 50.0, bill_billing_entity="AWS Marketplace"),
        _bill_line(payer, "EdpDiscount", -11.0, 0.0 if net else None),
        _bill_line(payer, "PrivateRateDiscount", -5.0, 0.0 if net else None),
        _bill_line(payer, "BundledDiscount", -1.0, 0.0 if net else None),
        priced("Usage", 0.0, split_line_item_parent_resource_id="i-1", line_item_resource_id="pod/a")
        | {"split_line_item_split_cost": 12.0, "split_line_item_net_split_cost": 10.8 if net else None},
    ]


def with_every_column(lines: list[Line]) -> list[Line]:
    names = dict.fromkeys(name for line in lines for name in line)
    return [{name: line.get(name) for name in names} for line in lines]
