{{ config(materialized='published_view') }}

{# What each month's statement charges. A closed month's is what was frozen when it was closed. An open month's follows
   the bill, and the first open month after the closed ones also carries, for every closed month, what its bill has come
   to since less all that was charged of it: so what is charged for a month, over all statements, is its bill. #}
with closed_periods as (
    select * from {{ ref('closed_periods').include(database=false) }}
),

closed_spend as (
    select * from {{ ref('closed_spend').include(database=false) }}
),

monthly_spend as (
    select
        x_source,
        billing_account_id,
        billing_period,
        sub_account_id,
        service_name,
        charge_category,
        project,
        team,
        environment,
        ml_stage,
        is_shared_cost,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('monthly_spend').include(database=false) }}
    group by all
),

-- Of months before the oldest one kept nothing is known any more: they are left as they were charged.
months as (
    select
        x_source,
        min(billing_period) as oldest
    from monthly_spend
    group by x_source
),

newest as (
    select
        x_source,
        max(billing_period) as newest_closed
    from closed_periods
    group by x_source
),

adjusting as (
    select
        newest.x_source,
        coalesce(
            min(monthly_spend.billing_period),
            strftime(cast(newest.newest_closed || '-01' as date) + interval 1 month, '%Y-%m')
        ) as statement_period
    from newest
    left join monthly_spend
        on newest.x_source = monthly_spend.x_source and newest.newest_closed < monthly_spend.billing_period
    group by newest.x_source, newest.newest_closed
),

statements as (
    select
        true as is_closed,
        *
    from closed_spend
    union all by name
    select
        false as is_closed,
        billing_period as statement_period,
        *
    from monthly_spend
    anti join closed_periods using (x_source, billing_period)
    union all by name
    select
        false as is_closed,
        adjusting.statement_period,
        monthly_spend.*
    from monthly_spend
    semi join closed_periods using (x_source, billing_period)
    inner join adjusting using (x_source)
    union all by name
    select
        false as is_closed,
        adjusting.statement_period,
        closed_spend.* exclude (statement_period)
        replace (-closed_spend.billed_cost as billed_cost, -closed_spend.effective_cost as effective_cost)
    from closed_spend
    inner join adjusting using (x_source)
    inner join months on closed_spend.x_source = months.x_source and closed_spend.billing_period >= months.oldest
)

select
    x_source,
    billing_account_id,
    statement_period,
    billing_period,
    case when statement_period = billing_period then 'charge' else 'adjustment' end as kind,
    is_closed,
    sub_account_id,
    service_name,
    charge_category,
    project,
    team,
    environment,
    ml_stage,
    is_shared_cost,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from statements
group by all
having sum(billed_cost) <> 0 or sum(effective_cost) <> 0
