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
    forecast_method,
    history_day_count,
    reason
from {{ ref('int_outlook_forecasts') }}
where not is_backtest and not is_converted
