{# Providers add to a day for up to about 24 hours after it ended (AWS and Google say so of their exports): it counts as
   whole when the delivery was written that long after its end. #}
{% set hours_until_complete = 24 %}

with days as (
    select
        x_source,
        billing_account_id,
        billing_period,
        billing_currency,
        min(charge_date) as first_date,
        max(charge_date) filter (charge_category = 'Usage' and billed_cost <> 0) as last_usage_date
    from {{ ref('daily_spend') }}
    where {{ in_partition() }}
    group by all
),

final as (
    select
        *,
        {{ partition_delivered_at() }} as delivered_at,
        least(
            last_day(cast(billing_period || '-01' as date)),
            cast({{ partition_delivered_at() }} - interval {{ hours_until_complete }} hour as date) - 1
        ) as last_complete_date
    from days
)

select * from final
