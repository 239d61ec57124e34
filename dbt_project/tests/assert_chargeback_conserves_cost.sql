{# Over all statements every month is charged what its bill says, project by project, to the last digit. #}
with oldest as (
    select
        x_source,
        min(billing_period) as billing_period
    from {{ ref('monthly_spend') }}
    group by x_source
),

sums as (
    select
        x_source,
        billing_account_id,
        billing_period,
        project,
        billing_currency,
        billed_cost,
        effective_cost
    from {{ ref('monthly_spend') }}
    union all
    select
        x_source,
        billing_account_id,
        billing_period,
        project,
        billing_currency,
        -billed_cost as billed_cost,
        -effective_cost as effective_cost
    from {{ ref('chargeback') }}
)

select
    'monthly_spend → chargeback' as hop,
    sums.x_source,
    sums.billing_period,
    sums.billing_account_id,
    sums.project,
    sums.billing_currency,
    sum(sums.billed_cost) as billed_cost_not_charged,
    sum(sums.effective_cost) as effective_cost_not_charged
from sums
inner join oldest on sums.x_source = oldest.x_source and sums.billing_period >= oldest.billing_period
group by all
having sum(sums.billed_cost) <> 0 or sum(sums.effective_cost) <> 0
