-- question: Which SKUs does each resource use, and what do they cost?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter resource_id (text): one resource
-- column list_cost: at list prices, where they are known; empty where none is
-- column effective_cost_without_list_price: part of effective_cost of which no list price is known
-- published query: wrong answer: names no resource, though the question is about resources; cuts at 100 rows after
--    sorting by time only, so that chance says which.
-- published query: adds up currencies
-- published query: loses the end
select
    provider_name,
    resource_id,
    sku_id,
    sku_price_id,
    pricing_unit,
    list_unit_price,
    billing_currency,
    sum(pricing_quantity) as pricing_quantity,
    sum(list_cost) filter (x_list_cost_provenance <> 'contracted_cost') as list_cost,
    sum(effective_cost) as effective_cost,
    coalesce(sum(effective_cost) filter (x_list_cost_provenance = 'contracted_cost' or list_cost is null), 0)
        as effective_cost_without_list_price
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and ($resource_id is null or resource_id = $resource_id)
    and resource_id is not null
    and sku_id is not null
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
group by all
order by
    billing_currency,
    effective_cost desc,
    provider_name,
    resource_id,
    sku_id,
    sku_price_id,
    pricing_unit,
    list_unit_price
