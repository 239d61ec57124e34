-- question: How much of each virtual currency was used up in a billing period?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter pricing_currency (text): one virtual currency; without it every pricing currency that is not the billing
--    currency
-- column pricing_currency_effective_cost: what was used up, in pricing_currency
-- column effective_cost: the same in billing_currency
-- published query: wrong answer: chooses by charge period, though the question is about a billing period.
-- published query: loses the end
select
    billing_period,
    provider_name,
    pricing_currency,
    billing_currency,
    sum(pricing_currency_effective_cost) as pricing_currency_effective_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and if($pricing_currency is null, pricing_currency <> billing_currency, pricing_currency = $pricing_currency)
group by all
order by billing_period, provider_name, pricing_currency, billing_currency
