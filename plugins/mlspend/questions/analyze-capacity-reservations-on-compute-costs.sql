-- question: How much of compute runs in reserved capacity, how much outside it, and how much reserved capacity is
--    unused?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column reservation: compute using a capacity reservation, compute without one, unused capacity reservation, or a
--    savings plan or reserved price that nobody used, which is no capacity
-- note: Counts use only: the purchase of a commitment is no compute that ran.
-- published query: wrong answer: groups by a reservation that it does not show, so that the same words stand on many
--    rows; counts fees of commitments and tax as compute without a reservation.
-- published query: adds up currencies
-- published query: loses the end
select
    case
        when capacity_reservation_id is null and commitment_discount_status = 'Unused'
            then 'commitment that nobody used'
        when capacity_reservation_id is null then 'compute without one'
        when capacity_reservation_status = 'Unused' then 'unused capacity reservation'
        else 'compute using a capacity reservation'
    end as reservation,
    provider_name,
    billing_account_id,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and service_category = 'Compute'
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
group by all
order by reservation, provider_name, billing_account_id, billing_currency
