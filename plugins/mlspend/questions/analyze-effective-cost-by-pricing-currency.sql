-- question: What does each service cost in the currency that it is priced in?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column pricing_currency_effective_cost: effective cost in pricing_currency
-- column effective_cost: the same in billing_currency
-- published query: loses the end
select
    provider_name,
    publisher_name,
    service_name,
    pricing_currency,
    billing_currency,
    sum(pricing_currency_effective_cost) as pricing_currency_effective_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
group by all
order by provider_name, publisher_name, service_name, pricing_currency, billing_currency
