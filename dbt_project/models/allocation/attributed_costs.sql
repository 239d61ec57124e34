{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

with charges as (
    select * from {{ ref('int_charges_attributed') }}
)

select
    charges.x_source,
    charges.billing_account_id,
    charges.billing_period,
    charges.x_line_id,
    charges.charge_date,
    charges.sub_account_id,
    charges.provider_name,
    charges.service_name,
    charges.service_category,
    charges.region_id,
    charges.resource_id,
    charges.charge_category,
    charges.commitment_discount_status,
    charges.invoice_id,
    charges.project,
    charges.team,
    charges.environment,
    charges.ml_stage,
    charges.billing_currency,
    charges.billed_cost,
    charges.effective_cost,
    charges.list_cost,
    charges.contracted_cost,
    charges.consumed_quantity,
    charges.consumed_unit,
    coalesce(charges.x_usage_type, charges.sku_meter) as usage_type,
    charges.sku_id,
    charges.pricing_category,
    charges.pricing_quantity,
    charges.pricing_unit,
    {# Fees that run for weeks, also those of the marketplace, and what nobody used of a commitment follow the calendar
       and no use; a day of 25 hours ends the clocks' summer time. #}
    charges.charge_category = 'Usage'
    and coalesce(charges.charge_frequency, 'Usage-Based') = 'Usage-Based'
    and coalesce(charges.commitment_discount_status, '') <> 'Unused'
    and coalesce(charges.charge_period_end <= charges.charge_period_start + interval 25 hour, true) as is_metered,
    charges.is_shared_cost,
    charges.x_attributed_by,
    charges.x_matched_rule_id,
    cast(null as varchar) as x_allocated_from,
    cast(null as varchar) as allocated_method_id,
    cast(null as varchar) as allocated_method_details,
    cast(null as varchar) as allocated_resource_id,
    cast(null as varchar) as allocated_resource_name,
    cast(null as map (varchar, varchar)) as allocated_tags
from charges
