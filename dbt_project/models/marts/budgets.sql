{{ config(materialized='table') }}

select
    cast(null as varchar) as budget,
    cast(null as varchar) as scope,
    cast(null as varchar) as scope_name,
    cast(null as varchar) as team,
    cast(null as varchar) as billing_currency,
    cast(null as varchar) as month, -- noqa: RF04
    cast(null as date) as as_of_date,
    cast(null as decimal(38, 12)) as budget_cost,
    cast(null as decimal(38, 12)) as cost_to_date,
    cast(null as double) as spent_percent,
    cast(null as double) as burn_rate,
    cast(null as decimal(38, 12)) as forecast_cost,
    cast(null as decimal(38, 12)) as forecast_low_cost,
    cast(null as decimal(38, 12)) as forecast_high_cost,
    cast(null as decimal(38, 12)) as projected_over_cost,
    cast(null as date) as exhausted_date,
    cast(null as varchar) as status,
    cast(null as varchar) as reason
where false
