{{ config(materialized='table') }}

{# Up to which day a source is whole: the last day that is whole in all its live accounts. An account is live in the two
   newest billing periods of its source: one that has left is never delivered again, and would hold all others back. #}
{% set live_periods = 2 %}

with periods as (
    select
        *,
        dense_rank() over (partition by x_source order by billing_period desc) as age
    from {{ ref('complete_days') }}
),

final as (
    select
        x_source,
        coalesce(
            -- A period that is whole to its end does not tell how far its account is in the one after.
            min(last_complete_date) filter (
                where last_complete_date < last_day(cast(billing_period || '-01' as date)) and age <= {{ live_periods }}
            ),
            max(last_complete_date)
        ) as last_complete_date,
        max(last_usage_date) as last_usage_date
    from periods
    group by x_source
)

select * from final
