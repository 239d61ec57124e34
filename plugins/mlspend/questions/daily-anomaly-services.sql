-- question: On which days did a service of a sub account in a region cost unusually much?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter sub_account_id (text): one sub account
-- parameter days_before (integer, default 28): days to compare with; they may lie before start_date
-- parameter minimum_days (integer, default 7): so many of these must have a cost, else nothing can be said
-- parameter more_percent (number, default 50): a day is unusual when it costs so much more than usual
-- parameter more_cost (number, default 10): and also this much more, in billing_currency
-- column usual_cost: the median of the days before that have a cost
-- column days_known: how many those are
-- column is_unusual: empty where days_known is too small to say
-- note: A rule of thumb: no season, no trend. Counts use only, and no charge over several days: tax, credits,
--    purchases and monthly fees would all fall on single days. The newest day is delivered before it is whole.
-- published query: does not bind: AS within GROUP BY.
-- published query: wrong answer: only adds up by day and finds nothing unusual; tax, credits and monthly fees of a
--    single day look unusual.
-- published query: adds up currencies
-- published query: loses the end
with days as (
    select
        charge_date,
        provider_name,
        sub_account_id,
        region_id,
        region_name,
        service_name,
        billing_currency,
        sum(effective_cost) as effective_cost
    from marts.focus_costs
    where
        ($start_date is null or charge_date >= cast($start_date as date) - to_days(cast($days_before as integer)))
        and ($end_date is null or charge_date < $end_date)
        and ($provider is null or provider_name = $provider)
        and ($sub_account_id is null or sub_account_id = $sub_account_id)
        and charge_category = 'Usage'
        and charge_class is distinct from 'Correction'
        and charge_period_end <= charge_period_start + interval 1 day
    group by all
),

compared as (
    select
        *,
        quantile_disc(effective_cost, 0.5) over history as usual_cost,
        count(*) over history as days_known
    from days
    window history as (
        partition by
            provider_name,
            sub_account_id,
            region_id,
            region_name,
            service_name,
            billing_currency
        order by charge_date
        range between to_days(cast($days_before as integer)) preceding and interval 1 day preceding
    )
)

select
    charge_date,
    provider_name,
    sub_account_id,
    region_id,
    region_name,
    service_name,
    billing_currency,
    effective_cost,
    usual_cost,
    days_known,
    effective_cost - usual_cost as more_cost,
    case
        when days_known >= $minimum_days
            then
                effective_cost - usual_cost > $more_cost
                and 100 * (effective_cost - usual_cost) > $more_percent * usual_cost
    end as is_unusual
from compared
where $start_date is null or charge_date >= $start_date
order by
    is_unusual desc nulls last,
    charge_date,
    provider_name,
    sub_account_id,
    region_id,
    region_name,
    service_name,
    billing_currency
