{{ config(materialized='table') }}

select
    source as x_source,
    billing_account_id,
    statement_period,
    billing_period,
    sub_account_id,
    service_name,
    charge_category,
    project,
    team,
    environment,
    ml_stage,
    is_shared_cost,
    billing_currency,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    cast(effective_cost as decimal(38, 12)) as effective_cost
from {{ input_rows('closed_spend', {
    'source': 'varchar', 'billing_account_id': 'varchar', 'statement_period': 'varchar', 'billing_period': 'varchar',
    'sub_account_id': 'varchar', 'service_name': 'varchar', 'charge_category': 'varchar', 'project': 'varchar',
    'team': 'varchar', 'environment': 'varchar', 'ml_stage': 'varchar', 'is_shared_cost': 'boolean',
    'billing_currency': 'varchar', 'billed_cost': 'varchar', 'effective_cost': 'varchar',
}) }}
