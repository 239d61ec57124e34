{# daily_usage and daily_spend are two sums of the same lines: of each rebuilt partition and currency they are equal. #}
with sums as (
    select
        x_source,
        billing_period,
        billing_account_id,
        billing_currency,
        billed_cost as usage_billed_cost,
        effective_cost as usage_effective_cost,
        line_count as usage_line_count,
        cast(0 as decimal(38, 12)) as spend_billed_cost,
        cast(0 as decimal(38, 12)) as spend_effective_cost,
        0 as spend_line_count
    from {{ ref('daily_usage') }}
    where {{ in_rebuilt_partitions() }}
    union all by name
    select
        x_source,
        billing_period,
        billing_account_id,
        billing_currency,
        cast(0 as decimal(38, 12)) as usage_billed_cost,
        cast(0 as decimal(38, 12)) as usage_effective_cost,
        0 as usage_line_count,
        billed_cost as spend_billed_cost,
        effective_cost as spend_effective_cost,
        line_count as spend_line_count
    from {{ ref('daily_spend') }}
    where {{ in_rebuilt_partitions() }}
)

select
    x_source,
    billing_period,
    billing_account_id,
    billing_currency,
    sum(usage_billed_cost) - sum(spend_billed_cost) as billed_difference,
    sum(usage_effective_cost) - sum(spend_effective_cost) as effective_difference,
    sum(usage_line_count) - sum(spend_line_count) as line_difference
from sums
group by all
having
    abs(billed_difference) >= {{ tolerance() }}
    or abs(effective_difference) >= {{ tolerance() }}
    or line_difference <> 0
