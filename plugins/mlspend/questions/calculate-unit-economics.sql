-- question: What does one unit of use cost, day by day?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter service (text): one service, by service_name
-- parameter described_as (text): what the description of the charges holds, in any case, as transfer
-- parameter unit (text): one unit of consumed_quantity, as GB
-- column cost_per_unit: effective_cost by consumed_quantity
-- note: The published page knows one unit, a GB of transfer: --set described_as=transfer --set unit=GB.
-- published query: wrong answer: rounds every quantity to two digits before it adds, so that small ones vanish; takes
--    billed cost, which is 0 where a commitment pays; finds "transfer" in small letters only; has no dates; adds
--    corrections, which have no quantity.
-- published query: adds up currencies
select
    charge_date,
    service_name,
    consumed_unit,
    billing_currency,
    sum(consumed_quantity) as consumed_quantity,
    sum(effective_cost) as effective_cost,
    round(sum(effective_cost) / nullif(sum(consumed_quantity), 0), 6) as cost_per_unit
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($service is null or service_name = $service)
    and ($described_as is null or contains(lower(charge_description), lower($described_as)))
    and ($unit is null or consumed_unit = $unit)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
    and consumed_quantity is not null
group by all
order by charge_date, service_name, consumed_unit, billing_currency
