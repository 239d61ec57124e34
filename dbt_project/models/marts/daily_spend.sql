select
    x_source,
    billing_account_id,
    billing_period,
    charge_date,
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
    count(*) filter (where allocated_method_id is null) as line_count
from {{ ref('allocated_costs') }}
where {{ in_partition() }}
group by all
