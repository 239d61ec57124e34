{{ config(materialized='table') }}

select
    cast(null as varchar) as scope,
    cast(null as varchar) as scope_name,
    cast(null as varchar) as billing_currency,
    cast(null as varchar) as month, -- noqa: RF04
    cast(null as date) as as_of_date,
    cast(null as decimal(38, 12)) as cost_to_date,
    cast(null as decimal(38, 12)) as forecast_cost,
    cast(null as decimal(38, 12)) as forecast_low_cost,
    cast(null as decimal(38, 12)) as forecast_high_cost,
    cast(null as varchar) as forecast_method,
    cast(null as bigint) as history_day_count,
    cast(null as varchar) as reason
where false
