"""What must hold of focus_costs: FOCUS 1.2 types and values, stable unique line ids, the landed billed cost."""

from expectations.rules import Suites, column_types, in_set, no_rows, not_null, same_sums
from mlspend.core.focus_columns import FOCUS_1_2

_OURS = {"x_line_id": "varchar", "charge_date": "date"}
# Allowed values as FOCUS 1.2 lists them; NULL is allowed beside them.
_STOPPING_VALUES = {
    "charge_category": (
        ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
        "Every sum by kind of charge would be wrong.",
    ),
    "charge_class": (("Correction",), "Corrections are told apart from ordinary charges by this column alone."),
    "commitment_discount_status": (("Used", "Unused"), "Unused commitments are found by this column alone."),
}
_NOTED_VALUES = {
    "charge_frequency": ("One-Time", "Recurring", "Usage-Based"),
    "pricing_category": ("Standard", "Dynamic", "Committed", "Other"),
    "commitment_discount_category": ("Spend", "Usage"),
    "capacity_reservation_status": ("Used", "Unused"),
    "service_category": (
        "AI and Machine Learning",
        "Analytics",
        "Business Applications",
        "Compute",
        "Databases",
        "Developer Tools",
        "Multicloud",
        "Identity",
        "Integration",
        "Internet of Things",
        "Management and Governance",
        "Media",
        "Migration",
        "Mobile",
        "Networking",
        "Security",
        "Storage",
        "Web",
        "Other",
    ),
}
_MANDATORY = ("provider_name", "publisher_name", "invoice_issuer_name", "service_name", "service_category")


def suites() -> Suites:
    """Return the expectations per asset."""
    return {"focus_lines": _lines(), "duplicate_lines": _duplicates(), "totals": _totals(), "column_types": _types()}


def _lines() -> list:
    return [
        *(
            not_null(column, "hold", "Part of the key by which partitions are replaced and sums are compared.")
            for column in ("billing_account_id", "billing_currency", "x_line_id", "charge_date")
        ),
        *(not_null(column, "hold", "A missing amount is not zero.") for column in ("billed_cost", "effective_cost")),
        *(
            not_null(column, "hold", "FOCUS 1.2 does not allow NULL, and every report groups or filters by it.")
            for column in ("charge_category", "charge_period_start", "charge_period_end")
        ),
        *(
            not_null(column, "warn", "FOCUS 1.2 does not allow NULL; the money is right without it.")
            for column in _MANDATORY
        ),
        *(in_set(column, values, "hold", reason) for column, (values, reason) in _STOPPING_VALUES.items()),
        *(
            in_set(column, values, "warn", "Not among the values of FOCUS 1.2; the money is right without it.")
            for column, values in _NOTED_VALUES.items()
        ),
        no_rows(
            "covered_usage_is_not_billed",
            """select x_source, billing_period, x_line_id, x_line_item_type, charge_category, billed_cost
            from {batch} where x_line_item_type = 'SavingsPlanCoveredUsage' and billed_cost <> 0""",
            "hold",
            "A savings plan bills its fee; usage that it covers would be paid twice.",
        ),
        no_rows(
            "unused_commitment_is_not_billed",
            """select x_source, billing_period, x_line_id, commitment_discount_id, billed_cost
            from {batch}
            where commitment_discount_status = 'Unused' and charge_category = 'Usage' and billed_cost <> 0""",
            "warn",
            "The purchase carries what is billed; a provider that bills the unused part itself is read differently.",
        ),
    ]


def _duplicates() -> list:
    return [
        no_rows(
            "x_line_id_is_unique_in_partition",
            "select * from {batch}",
            "hold",
            "A line that is there twice is money that is there twice; splits and remainders are ordered by this id.",
        )
    ]


def _totals() -> list:
    return [
        same_sums(
            "focus_billed_cost_equals_landed",
            ("landed", "focus"),
            ["billed_cost"],
            ("billing_account_id", "invoice_id", "billing_currency"),
            "Billed cost is equal at every hop, on every invoice.",
        ),
        same_sums(
            "focus_effective_cost_equals_amortised_landed",
            ("landed", "focus"),
            ["effective_cost"],
            ("billing_account_id", "billing_currency"),
            "The same rule of amortisation, written a second time: the models' own identity with the billed cost would"
            " not notice an error that stands on both of its sides.",
        ),
        no_rows(
            "focus_has_lines_where_landed_has",
            """select x_source, billing_period, billing_account_id,
                coalesce(sum(line_count) filter (where hop = 'landed'), 0) as landed_line_count,
                coalesce(sum(line_count) filter (where hop = 'focus'), 0) as focus_line_count
            from {batch} where hop in ('landed', 'focus')
            group by x_source, billing_period, billing_account_id having focus_line_count = 0""",
            "stop",
            "A month that costs nothing adds up with no lines at all.",
        ),
    ]


def _types() -> list:
    types = {name: type_ for _, name, type_ in FOCUS_1_2} | _OURS
    return [column_types("focus_columns_have_their_types", "focus", types, "What outsiders rely on; money is decimal.")]
