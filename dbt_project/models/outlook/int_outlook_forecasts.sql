{{ config(materialized='table') }}

{# Exact sums and estimates put together: of each month its cost to date, the dated charges still to come and what the
   days left are expected to cost. #}

with amounts as (
    select * from {{ ref('int_outlook_amounts') }}
),

estimates as (
    select
        scope,
        scope_name,
        billing_currency,
        cast(is_converted as boolean) as is_converted,
        cast(as_of_date as date) as as_of_date,
        month,
        cast(rest_cost as decimal(38, 12)) as rest_cost,
        cast(rest_low_cost as decimal(38, 12)) as rest_low_cost,
        cast(rest_high_cost as decimal(38, 12)) as rest_high_cost,
        reason
    from {{ ref('int_outlook_estimates') }}
),

judged as (
    select
        amounts.*,
        estimates.rest_cost,
        estimates.rest_low_cost,
        estimates.rest_high_cost,
        amounts.as_of_date >= amounts.month_end as is_over,
        case
            when amounts.source_behind is not null and not amounts.is_backtest
                then
                    'source ' || amounts.source_behind || ' is known up to ' || amounts.source_behind_date
                    || ' only, the others up to ' || amounts.as_of_date
            else estimates.reason
        end as reason
    from amounts
    left join estimates using (scope, scope_name, billing_currency, is_converted, as_of_date, month)
),

-- What is left of each month; nothing is expected where there is a reason why not.
expected as (
    select
        * replace (
            case when is_over then 0 else rest_cost end as rest_cost,
            case when is_over then 0 else rest_low_cost end as rest_low_cost,
            case when is_over then 0 else rest_high_cost end as rest_high_cost
        ),
        case when reason is null then cost_to_date + dated_cost end as certain_cost
    from judged
),

final as (
    select
        scope,
        nullif(scope_name, '') as scope_name,
        billing_currency,
        is_converted,
        is_backtest,
        month,
        as_of_date,
        is_over,
        reason,
        case
            when reason is not null then null
            when is_over then 'known'
            else 'holt_winters'
        end as forecast_method,
        certain_cost,
        cast(cost_to_date as decimal(38, 12)) as cost_to_date,
        cast(certain_cost + rest_cost as decimal(38, 12)) as forecast_cost,
        cast(certain_cost + rest_low_cost as decimal(38, 12)) as forecast_low_cost,
        cast(certain_cost + rest_high_cost as decimal(38, 12)) as forecast_high_cost,
        cast(actual_cost as decimal(38, 12)) as actual_cost,
        cast(history_day_count as bigint) as history_day_count
    from expected
)

select * from final
