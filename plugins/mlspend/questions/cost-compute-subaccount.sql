-- question: Which compute resources cost a sub account most, and how much was used?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter sub_account_id (text): one sub account
-- column charge_period_start: when the first of these charges starts; charge_period_end when the last ends
-- published query: wrong answer: adds up quantities of different units; two columns have no name; counts tax, credits
--    and fees of commitments.
-- published query: adds up currencies
-- published query: loses the end
select
    min(charge_period_start) as charge_period_start,
    max(charge_period_end) as charge_period_end,
    sub_account_id,
    service_name,
    resource_id,
    resource_name,
    pricing_unit,
    billing_currency,
    sum(pricing_quantity) as pricing_quantity,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($sub_account_id is null or sub_account_id = $sub_account_id)
    and service_category = 'Compute'
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
group by all
order by
    billing_currency, effective_cost desc, sub_account_id, service_name, resource_id, resource_name, pricing_unit
