-- question: What do the components of a resource cost?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter resource_id (text): one resource
-- published query: adds up currencies
-- published query: loses the end
select
    resource_id,
    resource_name,
    resource_type,
    charge_description,
    sku_id,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and resource_id is not null
    and ($resource_id is null or resource_id = $resource_id)
group by all
order by
    billing_currency, effective_cost desc, resource_id, resource_name, resource_type, charge_description, sku_id
