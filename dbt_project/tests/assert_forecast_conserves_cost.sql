-- What forecasts call the cost to date is that of daily_spend to the last digit: the company's, and what all teams and
-- all projects come to.
with forecasts as (
    select
        scope,
        billing_currency,
        month,
        as_of_date,
        sum(cost_to_date) as cost_to_date
    from {{ ref('forecast') }}
    group by all
),

spend as (
    select
        billing_currency,
        strftime(charge_date, '%Y-%m') as month, -- noqa: RF04
        charge_date,
        sum(effective_cost) as effective_cost
    from {{ ref('daily_spend') }}
    group by all
),

compared as (
    select
        forecasts.*,
        coalesce(sum(spend.effective_cost), 0) as effective_cost
    from forecasts
    left join spend
        on
            forecasts.billing_currency = spend.billing_currency
            and forecasts.month = spend.month
            and forecasts.as_of_date >= spend.charge_date
    group by all
)

select * from compared
where cost_to_date <> effective_cost
