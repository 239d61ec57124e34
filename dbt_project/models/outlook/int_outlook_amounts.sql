{# What is known of each month that is forecast, exactly: its cost up to the day of the forecast, the dated charges that
   are still to come, and of a past month what it came to. #}
{% set history_days = 84 %}

with costs as (
    select
        *,
        cast(date_trunc('month', charge_date) as date) as charge_month
    from {{ ref('int_outlook_costs') }}
),

kinds as (
    select * from {{ ref('int_outlook_kinds') }}
),

origins as (
    select * from {{ ref('int_outlook_origins') }}
),

scopes as (
    select
        costs.scope,
        costs.scope_name,
        costs.billing_currency,
        costs.is_converted,
        min(costs.charge_date) as first_date,
        min_by(sources.x_source, sources.last_complete_date) filter (where sources.is_behind) as source_behind,
        min(sources.last_complete_date) filter (where sources.is_behind) as source_behind_date
    from costs
    inner join {{ ref('int_outlook_sources') }} as sources using (x_source)
    group by all
),

by_kind as (
    select
        costs.scope,
        costs.scope_name,
        costs.billing_currency,
        costs.is_converted,
        origins.as_of_date,
        origins.month,
        costs.x_source,
        costs.service_name,
        costs.charge_category,
        kinds.is_monthly and origins.as_of_date < origins.month_end as comes_again,
        coalesce(sum(costs.effective_cost) filter (
            where costs.charge_month = origins.month_start and costs.charge_date <= origins.as_of_date
        ), 0) as cost_to_date,
        coalesce(sum(costs.effective_cost) filter (
            where costs.charge_month = origins.month_start
        ), 0) as actual_cost,
        coalesce(sum(costs.effective_cost) filter (
            where costs.charge_month = origins.month_start - interval 1 month
        ), 0) as last_cost,
        coalesce(sum(costs.effective_cost) filter (
            where costs.charge_month = origins.month_start - interval 2 month
        ), 0) as cost_before
    from costs
    inner join kinds using (x_source, service_name, charge_category, billing_currency, is_converted)
    inner join origins
        on costs.charge_month between origins.month_start - interval 2 month and origins.month_start
    group by all
),

by_month as (
    select
        scope,
        scope_name,
        billing_currency,
        is_converted,
        as_of_date,
        month,
        sum(cost_to_date) as cost_to_date,
        sum(actual_cost) as actual_cost,
        sum(
            case
                when not comes_again then 0
                -- What was bought, credited or corrected once is not expected again; what came two months in a row is.
                when
                    charge_category in ('Purchase', 'Credit', 'Adjustment')
                    and sign(cost_before) <> sign(last_cost)
                    then 0
                when last_cost > 0 then least(last_cost, greatest(last_cost - cost_to_date, 0))
                else greatest(last_cost, least(last_cost - cost_to_date, 0))
            end
        ) as dated_cost
    from by_kind
    group by all
),

final as (
    select
        scopes.scope,
        scopes.scope_name,
        scopes.billing_currency,
        scopes.is_converted,
        origins.month,
        origins.as_of_date,
        origins.month_end,
        origins.is_backtest,
        coalesce(by_month.cost_to_date, 0) as cost_to_date,
        coalesce(by_month.dated_cost, 0) as dated_cost,
        coalesce(by_month.actual_cost, 0) as actual_cost,
        least(origins.as_of_date - scopes.first_date + 1, {{ history_days }}) as history_day_count,
        scopes.source_behind,
        scopes.source_behind_date
    from scopes
    inner join origins on scopes.first_date <= origins.as_of_date
    left join by_month using (scope, scope_name, billing_currency, is_converted, as_of_date, month)
)

select * from final
