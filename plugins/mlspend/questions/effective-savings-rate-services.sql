-- question: How much do commitments save on each service, against the contracted rates?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column effective_savings_percent: contracted less effective cost, by contracted cost; empty where nothing has a
--    contracted cost
-- note: Use only. A commitment that nobody used has no contracted cost, and stands as a service of its own where the
--    provider bills it so: its cost lowers the rate of all services together (effective-savings-rate).
-- published query: does not bind: an alias with a blank in it.
-- published query: wrong answer: counts the price of a commitment twice in the contracted cost, as the purchase and
--    as the use it pays for, so that it finds savings where there are none; divides by 0.
-- published query: adds up currencies
-- published query: loses the end
select
    provider_name,
    service_name,
    billing_currency,
    sum(contracted_cost) as contracted_cost,
    sum(effective_cost) as effective_cost,
    sum(contracted_cost) - sum(effective_cost) as saved_cost,
    round(100 * saved_cost / nullif(sum(contracted_cost), 0), 2) as effective_savings_percent
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
group by all
order by billing_currency, saved_cost desc, provider_name, service_name
