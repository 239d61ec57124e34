"""What must not change by itself: the distribution of costs per line, unit prices, and what is used at all."""

from expectations.ks import PERCENTILES
from expectations.rules import Suites, no_rows

_PERCENTILES = ", ".join(
    f"round({side}_p{each}, 6) as p{each}_{side}" for each in PERCENTILES for side in ("before", "now")
)
_COLUMNS = (
    "x_source, billing_period, dimension, segment, round(statistic, 4) as statistic, p_value, now_lines, before_lines,"
    f" {_PERCENTILES}, share, changed_share, restated_days"
)
_IS_USAGE_TYPE = "(dimension = 'service and usage type')"


def suites() -> Suites:
    """Return the expectations per asset."""
    return {
        "line_costs": [*_distributions(), *_percentiles()],
        "unit_prices": _prices(),
        "categories": _categories(),
        "restated_days": _restated(),
    }


def _distributions() -> list:
    return [
        no_rows(
            "costs_per_line_keep_their_distribution",
            f"select {_COLUMNS} from {{batch}} where is_red and is_known and {_IS_USAGE_TYPE}"
            " and not has_other_coverage",
            "hold",
            "Exact two-sample Kolmogorov-Smirnov test of the newest seven complete days against the same weekdays of"
            " the four weeks before, p values after Benjamini-Hochberg: lines of one usage type that matters cost"
            " something else than they did. A unit, a price or the grain of the export changed."
            " Use that commitments cover is compared by list cost.",
        ),
        no_rows(
            "costs_per_line_under_other_commitments_keep_their_distribution",
            f"select {_COLUMNS} from {{batch}} where is_red and is_known and has_other_coverage",
            "warn",
            "The same test of a usage type of which commitments cover another share of the lines than before: a line"
            " covered in part becomes two, so the purchase alone may be the reason.",
        ),
        no_rows(
            "costs_per_line_of_accounts_and_projects_keep_their_distribution",
            f"select {_COLUMNS} from {{batch}} where is_red and is_known and not {_IS_USAGE_TYPE}",
            "warn",
            "The same test. Jobs that begin and end change what an account or a project is made of without any fault of"
            " the data, so it holds nothing back.",
        ),
        no_rows(
            "costs_per_line_of_a_new_source_keep_their_distribution",
            f"select {_COLUMNS} from {{batch}} where is_red and not is_known",
            "inform",
            "The same of a source of which nothing is published: there is no good state to hold to.",
        ),
        no_rows(
            "enough_lines_to_compare_distributions",
            f"select {_COLUMNS} from {{batch}} where is_material and not has_enough_lines and dimension <> 'service'",
            "inform",
            "Not enough evidence: two samples of 30 lines of the same distribution mostly look different.",
        ),
    ]


def _percentiles() -> list:
    ratios = ", ".join(f"round(now_p{each} / nullif(before_p{each}, 0), 3) as p{each}_ratio" for each in PERCENTILES)
    query = (
        f"select x_source, billing_period, segment as service, {ratios}, {_PERCENTILES}, now_lines, before_lines,"
        f" share, restated_days from {{batch}} where dimension = 'service' and is_material and has_moved"
    )
    return [
        no_rows(
            "percentiles_of_costs_per_line_hold",
            f"{query} and has_enough_lines",
            "warn",
            "The dearer lines of a service cost another amount than in the four weeks before.",
        ),
        no_rows(
            "percentiles_of_few_lines_hold",
            f"{query} and not has_enough_lines",
            "inform",
            "Not enough evidence: the percentiles of few lines hang on single lines.",
        ),
    ]


def _prices() -> list:
    return [
        no_rows(
            "unit_prices_hold",
            "select * from {batch}",
            "warn",
            "The price per unit of a SKU is another one than in the four weeks before: a price list, a discount, a tier"
            " or a unit changed. Spot prices and what commitments cover are left out.",
        )
    ]


def _categories() -> list:
    columns = "x_source, billing_period, dimension, category, billing_currency, cost_before, cost_now"
    return [
        no_rows(
            "categories_are_known",
            f"select {columns} from {{batch}} where change = 'new'",
            "inform",
            "New services, usage types, regions and charge categories begin as small amounts.",
        ),
        no_rows(
            "categories_are_still_used",
            f"select {columns} from {{batch}} where change = 'vanished'",
            "inform",
            "Used on most days of the four weeks before, and not at all on the newest seven complete ones.",
        ),
    ]


def _restated() -> list:
    return [
        no_rows(
            "published_days_are_not_restated",
            "select * exclude (dates) from {batch}",
            "inform",
            "The provider corrected days that were published before: a restatement, to be told apart from drift. Tests"
            " of distributions look at the newest seven complete days only, and tell how many of them were restated.",
        )
    ]
