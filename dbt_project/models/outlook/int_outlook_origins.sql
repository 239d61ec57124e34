{# The days that month ends are forecast from: the last complete day, and days of past months to learn from. #}
{% set backtested_months = 3 %}
{# One early, one in the middle, one late. #}
{% set backtested_days = [7, 14, 21] %}

with today as (
    select
        as_of_date,
        cast(date_trunc('month', as_of_date) as date) as month_start,
        as_of_date = last_day(as_of_date) as is_month_over
    from {{ ref('int_outlook_sources') }}
    where as_of_date is not null
    limit 1
),

past_months as (
    select cast(
        month_start - to_months(cast(months_ago as integer)) + case when is_month_over then interval 1 month else interval 0 month end as date
    ) as month_start
    from today
    cross join range(1, {{ backtested_months + 1 }}) as numbers (months_ago)
),

origins as (
    select
        as_of_date,
        month_start,
        false as is_backtest
    from today
    union all by name
    -- Nothing of a month that is over is left to forecast, so the next one is.
    select
        as_of_date,
        cast(month_start + interval 1 month as date) as month_start,
        false as is_backtest
    from today
    where is_month_over
    union all by name
    select
        cast(month_start + to_days(cast(origin_day - 1 as integer)) as date) as as_of_date,
        month_start,
        true as is_backtest
    from past_months
    cross join (select unnest({{ backtested_days }}) as origin_day) as days
),

final as (
    select
        as_of_date,
        month_start,
        last_day(month_start) as month_end,
        strftime(month_start, '%Y-%m') as month, -- noqa: RF04
        is_backtest
    from origins
)

select * from final
