-- question: What does one core cost on average, for each series of machines and region?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column instance_series: the series, or where the price names only an instance type (as AWS's CUR does) that type
-- column core_quantity: cores times the priced quantity (core hours where pricing_unit is Hours); empty where the
--    price does not tell the cores
-- column average_cost_per_core_unit: effective_cost by core_quantity; empty where the cores are not known
-- published query: does not bind: JSON_CONTAINS_PATH is MySQL's.
-- published query: wrong answer: adds up the cores once a row and not once an hour, so that the rate depends on how
--    fine the rows are.
-- published query: adds up currencies
-- published query: loses the end
select
    provider_name,
    service_name,
    region_name,
    coalesce(sku_price_details['InstanceSeries'], sku_price_details['InstanceType']) as instance_series,
    pricing_unit,
    billing_currency,
    sum(pricing_quantity) as pricing_quantity,
    sum(pricing_quantity * try_cast(sku_price_details['CoreCount'] as double)) as core_quantity,
    sum(effective_cost) as effective_cost,
    round(
        sum(effective_cost) filter (sku_price_details['CoreCount'] is not null) / nullif(core_quantity, 0), 6
    ) as average_cost_per_core_unit
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
    and coalesce(sku_price_details['InstanceSeries'], sku_price_details['InstanceType']) is not null
group by all
order by provider_name, service_name, region_name, instance_series, pricing_unit, billing_currency
