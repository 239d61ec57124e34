{{ config(materialized='table') }}

select
    scope,
    scope_name,
    billing_currency,
    month,
    as_of_date,
    cost_to_date,
    forecast_cost,
    forecast_low_cost,
    forecast_high_cost,
    actual_cost,
    actual_cost between forecast_low_cost and forecast_high_cost as is_covered
from {{ ref('int_outlook_forecasts') }}
where is_backtest and not is_converted and forecast_cost is not null
