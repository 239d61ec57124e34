-- question: How much of each service was used at which rate, month by month, to forecast with?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column average_rate: effective_cost by pricing_quantity
-- note: History to forecast with; leave out the month that is still open.
-- published query: wrong answer: counts purchases: the fee of a commitment has a quantity and no effective cost,
--    which lowers the rate; counts corrections and tax, which have a cost and no quantity.
-- published query: adds up currencies
select
    billing_period,
    provider_name,
    service_category,
    service_name,
    region_id,
    region_name,
    pricing_unit,
    billing_currency,
    sum(effective_cost) as effective_cost,
    sum(pricing_quantity) as pricing_quantity,
    round(sum(effective_cost) / nullif(sum(pricing_quantity), 0), 6) as average_rate
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
    and pricing_quantity is not null
group by all
order by
    billing_period,
    billing_currency,
    effective_cost desc,
    provider_name,
    service_category,
    service_name,
    region_id,
    region_name,
    pricing_unit
