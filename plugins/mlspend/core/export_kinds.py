"""The kinds of billing export mlspend knows: how each is recognised by its columns, and what it must contain.

A kind is recognised by content only: the names in a file's header or schema, or in its manifest. Folder names prove
nothing, because exports are copied, replicated and renamed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.focus_columns import FOCUS_1_2

_REQUIRED_CUR = (
    "bill_payer_account_id",
    "bill_billing_period_start_date",
    "line_item_usage_account_id",
    "line_item_usage_start_date",
    "line_item_usage_end_date",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_currency_code",
    "line_item_unblended_cost",
)
_REQUIRED_FOCUS = (
    "billing_account_id",
    "billing_currency",
    "billing_period_start",
    "charge_category",
    "charge_period_start",
    "charge_period_end",
    "billed_cost",
    "effective_cost",
)

COMMITMENT_COLUMNS: dict[str, tuple[str, ...]] = {
    "DiscountedUsage": ("reservation_reservation_a_r_n", "reservation_effective_cost"),
    "RIFee": (
        "reservation_reservation_a_r_n",
        "reservation_amortized_upfront_fee_for_billing_period",
        "reservation_unused_amortized_upfront_fee_for_billing_period",
        "reservation_unused_recurring_fee",
    ),
    "SavingsPlanCoveredUsage": ("savings_plan_savings_plan_effective_cost",),
    "SavingsPlanRecurringFee": (
        "savings_plan_savings_plan_a_r_n",
        "savings_plan_amortized_upfront_commitment_for_billing_period",
        "savings_plan_total_commitment_to_date",
        "savings_plan_used_commitment",
    ),
}
"""Line item type of a commitment → the landed columns its effective cost is made of.

The ARN is one of them: it alone tells the upfront fee that these lines spread from any other fee. Not for covered use:
an export with no recurring fee has no upfront one either, and the fee of a plan has a type of its own.
"""

NET_COLUMNS: dict[str, dict[str, str]] = {
    "": {
        "line_item_unblended_cost": "line_item_net_unblended_cost",
        "split_line_item_split_cost": "split_line_item_net_split_cost",
        "split_line_item_unused_cost": "split_line_item_net_unused_cost",
    },
    "DiscountedUsage": {"reservation_effective_cost": "reservation_net_effective_cost"},
    "RIFee": {
        name: name.replace("reservation_", "reservation_net_")
        for name in (
            "reservation_amortized_upfront_fee_for_billing_period",
            "reservation_unused_amortized_upfront_fee_for_billing_period",
            "reservation_unused_recurring_fee",
        )
    },
    "SavingsPlanCoveredUsage": {
        "savings_plan_savings_plan_effective_cost": "savings_plan_net_savings_plan_effective_cost"
    },
    "SavingsPlanRecurringFee": {
        "savings_plan_amortized_upfront_commitment_for_billing_period": (
            "savings_plan_net_amortized_upfront_commitment_for_billing_period"
        )
    },
}
"""Line item type ('' for all) → landed amount → the same amount net of the payer's discounts.

Source: AWS Data Exports, Cost and Usage Report 2.0: net columns are filled only where the payer has a discount.
"""

FOCUS_COLUMNS: dict[str, str] = {
    **{landed: type_ for _, landed, type_ in FOCUS_1_2},
    "x_extra": "map(varchar, varchar)",
}
"""Landed column → DuckDB type of the landed shape `focus`."""


@dataclass(frozen=True)
class Shape:
    """What a landed line looks like, and which of its columns carry the control totals.

    `columns` maps landed names to DuckDB types; `required` must be delivered and, for those in `never_null`, filled.
    """

    name: str
    columns: dict[str, str]
    required: tuple[str, ...]
    period_start: str
    charge_start: str
    billing_account: str
    sub_account: str
    currency: str
    billed_cost: str
    invoice: str
    effective_cost: str | None = None
    net_billed_cost: str | None = None

    @property
    def never_null(self) -> tuple[str, ...]:
        """Columns in which a missing value would lose money, its day, its owner or its currency."""
        return (self.period_start, self.charge_start, self.billing_account, self.currency, self.billed_cost)


AWS_CUR = Shape(
    name="aws_cur",
    columns=CUR_COLUMNS,
    required=_REQUIRED_CUR,
    period_start="bill_billing_period_start_date",
    charge_start="line_item_usage_start_date",
    billing_account="bill_payer_account_id",
    sub_account="line_item_usage_account_id",
    currency="line_item_currency_code",
    billed_cost="line_item_unblended_cost",
    invoice="bill_invoice_id",
    net_billed_cost="line_item_net_unblended_cost",
)
FOCUS = Shape(
    name="focus",
    columns=FOCUS_COLUMNS,
    required=_REQUIRED_FOCUS,
    period_start="billing_period_start",
    charge_start="charge_period_start",
    billing_account="billing_account_id",
    sub_account="sub_account_id",
    currency="billing_currency",
    billed_cost="billed_cost",
    invoice="invoice_id",
)

SHAPES: dict[str, Shape] = {
    "aws_cur2": AWS_CUR,
    "aws_cur_legacy": AWS_CUR,
    "aws_focus": FOCUS,
    "focus": FOCUS,
}
"""Export kind → landed shape."""

# Maps exist only in CUR 2.0, account names too; the legacy report writes one column per tag and product attribute.
_ONLY_CUR2 = {"product", "cost_category", "discount", "resource_tags", "tags", "bill_payer_account_name"}
_ONLY_AWS_FOCUS = {"x_servicecode", "x_operation", "x_usagetype", "x_costcategories", "x_discounts"}
_SIGNATURES_CUR = {"line_item_unblended_cost", "line_item_usage_start_date", "line_item_line_item_type"}
_SIGNATURES_FOCUS = {"billedcost", "chargeperiodstart", "chargecategory", "billingaccountid"}


def recognise_kind(columns: Sequence[str]) -> str | None:
    """Return the export kind that these column names belong to, None when no kind has such columns.

    Two of a kind's signature columns are enough: that a required one is missing is then said by name, instead of
    calling the whole file unknown.

    >>> recognise_kind(["identity/LineItemId", "lineItem/UnblendedCost", "lineItem/LineItemType"])
    'aws_cur_legacy'
    >>> recognise_kind(["line_item_unblended_cost", "line_item_line_item_type", "resource_tags"])
    'aws_cur2'
    >>> recognise_kind(["BilledCost", "ChargeCategory", "x_ServiceCode"])
    'aws_focus'
    >>> recognise_kind(["name", "age"]) is None
    True
    """
    if sum(column.startswith("lineItem/") for column in columns) >= 2:
        return "aws_cur_legacy"
    names = {column.lower() for column in columns}
    if len(_SIGNATURES_CUR & names) >= 2:
        return "aws_cur2" if _ONLY_CUR2 & names else "aws_cur_legacy"
    if len(_SIGNATURES_FOCUS & names) >= 2:
        return "aws_focus" if _ONLY_AWS_FOCUS & names else "focus"
    return None
