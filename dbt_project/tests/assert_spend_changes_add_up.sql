{# The log only adds and subtracts, so it adds up to what is published to the last digit, in every partition. #}
with sums as (
    select
        x_source,
        billing_period,
        billing_account_id,
        billing_currency,
        focus_billed_cost,
        focus_effective_cost,
        cast(0 as decimal(38, 12)) as changes_billed_cost,
        cast(0 as decimal(38, 12)) as changes_effective_cost
    from {{ ref('reconciliation') }}
    union all
    select
        x_source,
        billing_period,
        billing_account_id,
        billing_currency,
        cast(0 as decimal(38, 12)) as focus_billed_cost,
        cast(0 as decimal(38, 12)) as focus_effective_cost,
        sum(billed_cost_change) as changes_billed_cost,
        sum(effective_cost_change) as changes_effective_cost
    from {{ ref('spend_changes') }}
    group by all
)

select
    'focus_costs → spend_changes' as hop,
    x_source,
    billing_period,
    billing_account_id,
    billing_currency,
    sum(focus_billed_cost) as focus_billed_cost,
    sum(changes_billed_cost) as changes_billed_cost,
    sum(focus_effective_cost) as focus_effective_cost,
    sum(changes_effective_cost) as changes_effective_cost
from sums
group by all
having
    sum(focus_billed_cost) <> sum(changes_billed_cost) or sum(focus_effective_cost) <> sum(changes_effective_cost)
