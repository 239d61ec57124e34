-- From narrow charges to CUR 2.0 rows: what differs from line to line, joined to what its meter has in common.

create or replace view line_items as
select * from line_item_columns
union all by name
select
    meter_lines.* exclude (meter_id, known_rate),
    coalesce(charges.time_interval, time_interval_of(charges.starts_at, charges.ends_at)) as identity_time_interval,
    charges.starts_at as line_item_usage_start_date,
    charges.ends_at as line_item_usage_end_date,
    charges.resource_id as line_item_resource_id,
    charges.amount::double as line_item_usage_amount,
    charges.amount::double * line_item_normalization_factor as line_item_normalized_usage_amount,
    coalesce(meter_lines.known_rate, price_text(charges.rate)) as line_item_unblended_rate,
    line_item_unblended_rate as line_item_blended_rate,
    charges.unblended_cost::double as line_item_unblended_cost,
    line_item_unblended_cost as line_item_blended_cost,
    charges.public_cost::double as pricing_public_on_demand_cost,
    charges.reservation_recurring_cost::double as reservation_recurring_fee_for_usage,
    charges.reservation_upfront_cost::double as reservation_amortized_upfront_cost_for_usage,
    (charges.reservation_recurring_cost + charges.reservation_upfront_cost)::double as reservation_effective_cost,
    charges.reservation_month_upfront::double as reservation_amortized_upfront_fee_for_billing_period,
    charges.reservation_unused_hours::double as reservation_unused_quantity,
    charges.reservation_unused_recurring::double as reservation_unused_recurring_fee,
    charges.reservation_unused_upfront::double as reservation_unused_amortized_upfront_fee_for_billing_period,
    charges.savings_plan_cost::double as savings_plan_savings_plan_effective_cost,
    charges.plan_recurring_cost::double as savings_plan_recurring_commitment_for_billing_period,
    charges.plan_upfront_cost::double as savings_plan_amortized_upfront_commitment_for_billing_period,
    charges.plan_commitment::double as savings_plan_total_commitment_to_date,
    charges.plan_used_commitment::double as savings_plan_used_commitment,
    charges.split_parent as split_line_item_parent_resource_id,
    charges.split_usage::double as split_line_item_split_usage,
    charges.split_usage::double as split_line_item_actual_usage,
    charges.split_usage::double as split_line_item_reserved_usage,
    charges.split_ratio::double as split_line_item_split_usage_ratio,
    charges.split_cost::double as split_line_item_split_cost,
    charges.split_unused_cost::double as split_line_item_unused_cost,
    charges.split_public_cost::double as split_line_item_public_on_demand_split_cost,
    charges.split_public_unused_cost::double as split_line_item_public_on_demand_unused_cost
from charges
inner join meter_lines on charges.meter_id = meter_lines.meter_id;
