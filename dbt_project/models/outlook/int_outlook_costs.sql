{# Effective cost by day and kind of charge for the company, each team and each project, as far back as a back-test looks;
   once in the billing currency and, where there is one, once in the reporting currency (`is_converted`). #}
{% set history_days = 84 %}

with first_days as (
    select
        min(month_start) - {{ history_days }} as first_date,
        max(as_of_date) as last_date
    from {{ ref('int_outlook_origins') }}
),

daily_spend as (
    select daily_spend.*
    from {{ ref('daily_spend') }} as daily_spend
    inner join first_days on daily_spend.charge_date between first_days.first_date and first_days.last_date
),

spend as (
    select
        x_source,
        charge_date,
        service_name,
        charge_category,
        project,
        team,
        billing_currency,
        false as is_converted,
        effective_cost
    from daily_spend
    union all by name
    select
        x_source,
        charge_date,
        service_name,
        charge_category,
        project,
        team,
        reporting_currency as billing_currency,
        true as is_converted,
        reporting_effective_cost as effective_cost
    from daily_spend
    where reporting_currency is not null
),

final as (
    select
        case when grouping(project) = 0 then 'project' when grouping(team) = 0 then 'team' else 'company' end as scope,
        case when grouping(project) = 0 then project when grouping(team) = 0 then team else '' end as scope_name,
        billing_currency,
        is_converted,
        x_source,
        service_name,
        charge_category,
        charge_date,
        sum(effective_cost) as effective_cost
    from spend
    group by grouping sets (
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date),
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date, team),
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date, project)
    )
    having sum(effective_cost) <> 0
)

select * from final
