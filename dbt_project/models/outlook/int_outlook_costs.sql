{# Effective cost by day and kind of charge for the company, each team and each project, up to the last complete day;
   once in the billing currency and, where there is one, once in the reporting currency (`is_converted`). #}

with daily_spend as (
    select spend.*
    from {{ ref('daily_spend') }} as spend
    inner join {{ ref('int_outlook_sources') }} as sources using (x_source)
    where spend.charge_date <= sources.as_of_date
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
        case
            when grouping(project) = 0 then 'project'
            when grouping(team) = 0 then 'team'
            else 'company'
        end as scope,
        case
            when grouping(project) = 0 then project
            when grouping(team) = 0 then team
            else ''
        end as scope_name,
        billing_currency,
        is_converted,
        x_source,
        service_name,
        charge_category,
        charge_date,
        sum(effective_cost) as effective_cost
    from spend
    -- sqlfluff does not know where grouping sets are indented.
    group by grouping sets ( -- noqa: LT02
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date), -- noqa: LT02
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date, team), -- noqa: LT02
        (billing_currency, is_converted, x_source, service_name, charge_category, charge_date, project) -- noqa: LT02
    ) -- noqa: LT02
    having sum(effective_cost) <> 0
)

select * from final
