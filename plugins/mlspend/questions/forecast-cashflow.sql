-- question: What is billed for each service month by month, and what would the next month bill if it went on like
--    this?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter service (text): one service, by service_name
-- column is_forecast: true for the month after the last one asked for, which is an estimate
-- column billed_cost: of a forecast: the last month plus the average change from month to month since the first one;
--    of at least two months that follow each other without a gap up to the last, else empty
-- note: A straight line, no more. Leave out the month that is still open: it would look like a fall.
-- published query: does not bind: a comma is missing.
-- published query: wrong answer: forecasts nothing.
-- published query: merges years
-- published query: adds up currencies
-- published query: loses the end
with months as (
    select
        cast(billing_period || '-01' as date) as month_start,
        provider_name,
        service_category,
        service_name,
        billing_currency,
        sum(billed_cost) as billed_cost
    from marts.focus_costs
    where
        ($first_period is null or billing_period >= $first_period)
        and ($last_period is null or billing_period <= $last_period)
        and ($provider is null or provider_name = $provider)
        and ($service is null or service_name = $service)
    group by all
),

trends as (
    select
        provider_name,
        service_category,
        service_name,
        billing_currency,
        count(*) as month_count,
        date_diff('month', min(month_start), max(month_start)) as step_count,
        max(month_start) as last_month,
        max_by(billed_cost, month_start) as last_cost,
        min_by(billed_cost, month_start) as first_cost
    from months
    group by all
),

forecasts as (
    select
        cast(asked.last_month + interval 1 month as date) as month_start,
        trends.* exclude (month_count, step_count, last_month, last_cost, first_cost),
        true as is_forecast,
        case
            when trends.last_month = asked.last_month and month_count = step_count + 1
                then cast(round(last_cost + (last_cost - first_cost) / nullif(step_count, 0), 2) as decimal(38, 12))
        end as billed_cost
    from trends
    cross join (select max(month_start) as last_month from months) as asked
),

final as (
    select *, false as is_forecast from months
    union all by name
    select * from forecasts
)

select
    strftime(month_start, '%Y-%m') as billing_period,
    is_forecast,
    provider_name,
    service_category,
    service_name,
    billing_currency,
    billed_cost
from final
order by month_start, is_forecast, billing_currency, provider_name, service_category, service_name
