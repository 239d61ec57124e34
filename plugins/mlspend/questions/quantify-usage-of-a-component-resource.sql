-- question: How much of each series of machines, and of its cores, was used each day?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column instance_series: the series, or where the price names only an instance type (as AWS's CUR does) that type
-- column core_quantity: cores times the priced quantity (core hours where pricing_unit is Hours); empty where the
--    price does not tell the cores
-- published query: does not bind: JSON_CONTAINS_PATH is MySQL's.
-- published query: wrong answer: adds up the cores once a row and not once an hour; has no day, though its page asks
--    for the days.
-- published query: loses the end
select
    charge_date,
    provider_name,
    service_name,
    region_name,
    coalesce(sku_price_details['InstanceSeries'], sku_price_details['InstanceType']) as instance_series,
    pricing_unit,
    sum(pricing_quantity) as pricing_quantity,
    sum(pricing_quantity * try_cast(sku_price_details['CoreCount'] as double)) as core_quantity
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
    and coalesce(sku_price_details['InstanceSeries'], sku_price_details['InstanceType']) is not null
group by all
order by charge_date, provider_name, service_name, region_name, instance_series, pricing_unit
