{{ config(outlives_lines=true) }}

select
    x_source,
    billing_account_id,
    billing_period,
    sub_account_id,
    provider_name,
    service_name,
    charge_category,
    invoice_id,
    project,
    team,
    environment,
    ml_stage,
    is_shared_cost,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    cast(sum(line_count) as bigint) as line_count,
    reporting_currency,
    exchange_rate,
    exchange_rate_date,
    exchange_rate_origin,
    sum(reporting_billed_cost) as reporting_billed_cost,
    sum(reporting_effective_cost) as reporting_effective_cost
from {{ ref('daily_spend') }}
where {{ in_partition() }}
group by all
