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
