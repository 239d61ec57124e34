{# The days that month ends are forecast from: the last complete day, and days of past months to learn from. #}
{% set backtested_months = 3 %}
{# One early, one in the middle, one late. #}
{% set backtested_days = [7, 14, 21] %}

with today as (
    select distinct
        as_of_date,
        cast(date_trunc('month', as_of_date) as date) as month_start,
        as_of_date = last_day(as_of_date) as is_month_over
    from {{ ref('int_outlook_sources') }}
    where as_of_date is not null
),

past_months as (
    select
        unnest(range(
            month_end - interval {{ backtested_months }} month, month_end, interval 1 month
        )) as month_start
    from (
        select case when is_month_over then month_start + interval 1 month else month_start end as month_end
        from today
    ) as months_end
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
        cast(month_start as date) as month_start,
        true as is_backtest
    from past_months
    cross join (select unnest({{ backtested_days }}) as origin_day) as tested_days
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
