{{ config(materialized='published_view') }}

select
    x_source,
    billing_account_id,
    billing_period,
    charge_date,
    sub_account_id,
    service_name,
    charge_category,
    billing_currency,
    billed_cost_before,
    billed_cost_after,
    billed_cost_change,
    effective_cost_before,
    effective_cost_after,
    effective_cost_change,
    line_count_change,
    change_kind,
    from_version,
    to_version,
    build_id,
    known_at
from {{ ref('spend_changes').include(database=false) }}
where change_kind in ('restated', 'withdrawn')
