"""The effect of each data-quality check: what follows where it failed, or could not be evaluated.

`stop` publishes nothing; `hold` publishes nothing new of that source and billing period, whose last good state stays;
`warn` is told; `inform` only stands in marts.data_quality.

A check stops all where it is about conservation of money, or about what all billing periods share: lowered, it would
let money get lost for everybody, so no configuration can do that. A check of one billing period's own lines holds back
that period where sums or groups of it would be wrong, and warns where they are right all the same. The reason of each
stands beside it in `expectations/`.

>>> SEVERITIES["hold"], CHECKS["charge_date_near_period"]
('critical', 'hold')
"""

from collections.abc import Mapping
from typing import Literal

Effect = Literal["stop", "hold", "warn", "inform"]

# What Great Expectations, and the column severity of marts.data_quality, call it.
SEVERITIES: Mapping[Effect, str] = {"stop": "critical", "hold": "critical", "warn": "warning", "inform": "info"}

FRESHNESS = "source_delivers_in_its_rhythm"

# By the names that mlspend.yml and data_quality know; tests hold it equal to the suites, which cannot be imported
# without Great Expectations, some six seconds long.
CHECKS: Mapping[str, Effect] = {
    FRESHNESS: "hold",
    "landed_lines.billing_account_id.not_null": "hold",
    "landed_lines.billing_currency.not_null": "hold",
    "landed_lines.charge_start.not_null": "hold",
    "landed_lines.billed_cost.not_null": "hold",
    "landed_lines.sub_account_id.not_null": "warn",
    "landed_line_count_equals_receipt": "stop",
    "net_costs_are_whole": "warn",
    "landed_billed_cost_equals_control_total": "stop",
    "landed_billed_cost_equals_control_total_per_invoice": "stop",
    "landed_line_count_equals_control_total": "stop",
    "charge_date_near_period": "hold",
    "one_currency_per_billing_account": "hold",
    "landed_money_is_decimal": "stop",
    "landed_time_is_timestamp": "hold",
    "landed_ids_are_text": "hold",
    "focus_costs.billing_account_id.not_null": "hold",
    "focus_costs.billing_currency.not_null": "hold",
    "focus_costs.x_line_id.not_null": "hold",
    "focus_costs.charge_date.not_null": "hold",
    "focus_costs.billed_cost.not_null": "hold",
    "focus_costs.effective_cost.not_null": "hold",
    "focus_costs.charge_category.not_null": "hold",
    "focus_costs.charge_period_start.not_null": "hold",
    "focus_costs.charge_period_end.not_null": "hold",
    "focus_costs.provider_name.not_null": "warn",
    "focus_costs.publisher_name.not_null": "warn",
    "focus_costs.invoice_issuer_name.not_null": "warn",
    "focus_costs.service_name.not_null": "warn",
    "focus_costs.service_category.not_null": "warn",
    "focus_costs.charge_category.in_set": "hold",
    "focus_costs.charge_class.in_set": "hold",
    "focus_costs.commitment_discount_status.in_set": "hold",
    "focus_costs.charge_frequency.in_set": "warn",
    "focus_costs.pricing_category.in_set": "warn",
    "focus_costs.commitment_discount_category.in_set": "warn",
    "focus_costs.capacity_reservation_status.in_set": "warn",
    "focus_costs.service_category.in_set": "warn",
    "covered_usage_is_not_billed": "hold",
    "unused_commitment_is_not_billed": "warn",
    "x_line_id_is_unique_in_partition": "hold",
    "focus_billed_cost_equals_landed": "stop",
    "focus_effective_cost_equals_amortised_landed": "stop",
    "focus_has_lines_where_landed_has": "stop",
    "focus_columns_have_their_types": "stop",
    "allocated_costs.project.not_null": "hold",
    "allocated_costs.team.not_null": "hold",
    "allocated_costs.environment.not_null": "hold",
    "allocated_costs.ml_stage.not_null": "hold",
    "allocated_costs.billed_cost.not_null": "hold",
    "allocated_costs.effective_cost.not_null": "hold",
    "allocated_costs.x_line_id.not_null": "hold",
    "containers_have_a_node_that_costs_something": "warn",
    "containers_cost_no_more_than_their_node": "warn",
    "daily_spend.project.not_null": "hold",
    "daily_spend.team.not_null": "hold",
    "daily_spend.environment.not_null": "hold",
    "daily_spend.ml_stage.not_null": "hold",
    "unattributed_share_below_half": "warn",
    "shared_costs_are_split": "warn",
    "allocated_cost_equals_focus": "stop",
    "allocation_keeps_every_line": "stop",
    "daily_spend_equals_allocated": "stop",
    "monthly_spend_equals_daily_spend": "stop",
    "spend_changes_add_up_to_daily_spend": "stop",
    "allocated_money_is_decimal": "stop",
    "landed_columns_are_those_of_the_export_kind": "hold",
    "optional_columns_are_delivered": "inform",
    "delivered_columns_are_known": "inform",
    "columns_are_as_published_before": "warn",
    "days_have_their_lines": "hold",
    "newest_day_has_its_lines": "warn",
    "days_of_a_new_source_have_their_lines": "warn",
    "accounts_and_providers_are_still_there": "hold",
    "services_are_still_there_after_a_restatement": "hold",
    "services_are_still_there": "warn",
    "projects_are_still_there": "warn",
    "segments_of_a_new_source_are_still_there": "warn",
    "owner_coverage_holds": "warn",
    "costs_per_line_keep_their_distribution": "hold",
    "costs_per_line_under_other_commitments_keep_their_distribution": "warn",
    "costs_per_line_of_accounts_and_projects_keep_their_distribution": "warn",
    "costs_per_line_of_a_new_source_keep_their_distribution": "inform",
    "enough_lines_to_compare_distributions": "inform",
    "percentiles_of_costs_per_line_hold": "warn",
    "percentiles_of_few_lines_hold": "inform",
    "unit_prices_hold": "warn",
    "categories_are_known": "inform",
    "categories_are_still_used": "inform",
    "published_days_are_not_restated": "inform",
    "every_partition_is_reconciled": "stop",
    "warehouse_holds_the_planned_partitions": "stop",
}
