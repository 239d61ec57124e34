{# Kinds of charge that are dated on one day of the month, such as fees, taxes, support and subscriptions: they are
   expected as they came last month, and not extrapolated by the day. #}

with recent as (
    select * from {{ ref('int_outlook_costs') }}
    where
        scope = 'company'
        and charge_date >= (select min(month_start) - interval 1 month from {{ ref('int_outlook_origins') }})
),

months as (
    select
        x_source,
        service_name,
        charge_category,
        billing_currency,
        is_converted,
        date_trunc('month', charge_date) as month_start,
        count(distinct charge_date) as day_count,
        min(extract('day' from charge_date)) as first_day,
        max(extract('day' from charge_date)) as last_day
    from recent
    group by all
),

final as (
    select
        x_source,
        service_name,
        charge_category,
        billing_currency,
        is_converted,
        case
            -- Use is a subscription where it always falls on one and the same day of the month.
            when charge_category = 'Usage'
                then min(first_day) = max(last_day) and (min(first_day) = 1 or count(*) > 1)
            else max(day_count) <= 2
        end as is_monthly
    from months
    group by x_source, service_name, charge_category, billing_currency, is_converted
)

select * from final
