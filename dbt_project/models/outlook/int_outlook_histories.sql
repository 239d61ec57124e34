{# Cost of each day without the dated charges, as a list from `first_date` to the last complete day: what Python
   forecasts from. #}

with costs as (
    select spend.*
    from {{ ref('int_outlook_costs') }} as spend
    inner join {{ ref('int_outlook_kinds') }} as kinds
        using (x_source, service_name, charge_category, billing_currency, is_converted)
    where not kinds.is_monthly
),

scopes as (
    select
        scope,
        scope_name,
        billing_currency,
        is_converted,
        min(charge_date) as first_date
    from {{ ref('int_outlook_costs') }}
    group by all
),

last_days as (
    select max(as_of_date) as last_date
    from {{ ref('int_outlook_origins') }}
),

days as (
    select
        scopes.*,
        cast(unnest(range(scopes.first_date, last_days.last_date + 1, interval 1 day)) as date) as charge_date
    from scopes
    cross join last_days
),

by_day as (
    select
        scope,
        scope_name,
        billing_currency,
        is_converted,
        charge_date,
        sum(effective_cost) as effective_cost
    from costs
    group by all
),

final as (
    select
        days.scope,
        days.scope_name,
        days.billing_currency,
        days.is_converted,
        days.first_date,
        list(cast(coalesce(by_day.effective_cost, 0) as double) order by days.charge_date) as daily_costs
    from days
    left join by_day using (scope, scope_name, billing_currency, is_converted, charge_date)
    group by all
)

select * from final
