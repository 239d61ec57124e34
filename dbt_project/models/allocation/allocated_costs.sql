{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

with charges as (
    select * from {{ ref('int_charges_tagged') }}
),

projects as (
    select * from {{ project_teams() }}
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
    coalesce(charges.named_project, 'unattributed') as project,
    coalesce(projects.team, charges.named_team, 'unattributed') as team,
    coalesce(charges.named_environment, 'unknown') as environment,
    coalesce(charges.named_ml_stage, 'unknown') as ml_stage,
    charges.billing_currency,
    charges.billed_cost,
    charges.effective_cost,
    charges.list_cost,
    charges.contracted_cost
from charges
left join projects on charges.named_project = projects.project
