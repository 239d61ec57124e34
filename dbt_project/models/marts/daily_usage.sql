select
    x_source,
    billing_account_id,
    billing_period,
    charge_date,
    project,
    team,
    is_shared_cost,
    service_name,
    usage_type,
    charge_category,
    is_metered,
    sku_id,
    pricing_category,
    commitment_discount_status,
    pricing_unit,
    allocated_method_id,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost,
    sum(pricing_quantity) as pricing_quantity,
    count(*) filter (where allocated_method_id is null) as line_count
from {{ ref('allocated_costs') }}
where {{ in_partition() }}
group by all
