-- question: Which services use up most of a virtual currency?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter pricing_currency (text): one virtual currency; without it every pricing currency that is not the billing
--    currency
-- parameter limit (integer, default 10): so many of each pricing currency
-- column pricing_currency_effective_cost: what was used up, in pricing_currency
-- published query: wrong answer: does not leave out purchases, credits and tax.
-- published query: loses the end
select
    provider_name,
    publisher_name,
    service_name,
    charge_description,
    pricing_currency,
    sum(pricing_currency_effective_cost) as pricing_currency_effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and if($pricing_currency is null, pricing_currency <> billing_currency, pricing_currency = $pricing_currency)
group by provider_name, publisher_name, service_name, charge_description, pricing_currency
qualify
    row_number() over (
        partition by pricing_currency
        order by
            sum(pricing_currency_effective_cost) desc, provider_name, publisher_name, service_name, charge_description
    ) <= $limit
order by
    pricing_currency,
    pricing_currency_effective_cost desc,
    provider_name,
    publisher_name,
    service_name,
    charge_description
