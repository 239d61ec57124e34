-- question: Which capacity reservations are paid for and not used?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column unused_days: days on which some of it was unused
-- published query: adds up currencies
-- published query: loses the end
select
    provider_name,
    billing_account_id,
    capacity_reservation_id,
    region_id,
    billing_currency,
    count(distinct charge_date) as unused_days,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and capacity_reservation_status = 'Unused'
    and charge_class is distinct from 'Correction'
group by all
order by effective_cost desc, provider_name, billing_account_id, capacity_reservation_id, region_id, billing_currency
