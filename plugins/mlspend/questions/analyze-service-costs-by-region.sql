-- question: What does each service cost in each region, month by month?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column charge_month: the month in which charges start, in UTC
-- column region_id: empty where a service has no region
-- published query: wrong answer: gives a row for every start of a charge, hour by hour, which shows no trend.
-- published query: adds up currencies
-- published query: loses the end
select
    strftime(charge_date, '%Y-%m') as charge_month,
    provider_name,
    region_id,
    service_name,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
group by all
order by charge_month, billing_currency, effective_cost desc, provider_name, region_id, service_name
