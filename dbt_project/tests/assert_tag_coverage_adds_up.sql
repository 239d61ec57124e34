{# Every dimension covers, one way or another or not at all, exactly what was allocated. #}
with allocated as (
    select
        x_source,
        billing_account_id,
        billing_period,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('monthly_spend') }}
    where (x_source, billing_period) in (select (x_source, billing_period) from {{ ref('tag_coverage') }})
    group by all
),

covered as (
    select
        x_source,
        billing_account_id,
        billing_period,
        billing_currency,
        dimension,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('tag_coverage') }}
    group by all
)

select
    allocated.x_source,
    allocated.billing_period,
    allocated.billing_account_id,
    allocated.billing_currency,
    dimensions.dimension,
    allocated.effective_cost as expected,
    covered.effective_cost as found
from allocated
cross join (select unnest(['project', 'team', 'environment', 'ml_stage']) as dimension) as dimensions
left join covered
    on
        allocated.x_source = covered.x_source
        and allocated.billing_period = covered.billing_period
        and allocated.billing_account_id is not distinct from covered.billing_account_id
        and allocated.billing_currency is not distinct from covered.billing_currency
        and dimensions.dimension = covered.dimension
where
    allocated.billed_cost is distinct from covered.billed_cost
    or allocated.effective_cost is distinct from covered.effective_cost
