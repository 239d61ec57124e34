-- question: Which commitments were bought, how much of them, and for how much?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column commitment_discount_quantity: how much was bought in all, in commitment_discount_unit
-- published query: wrong answer: groups by the quantity in place of adding it up, so that one commitment falls apart
--    into rows.
-- published query: adds up currencies
-- published query: loses the end
select
    min(charge_period_start) as charge_period_start,
    max(charge_period_end) as charge_period_end,
    provider_name,
    billing_account_id,
    commitment_discount_id,
    commitment_discount_type,
    commitment_discount_unit,
    sum(commitment_discount_quantity) as commitment_discount_quantity,
    charge_frequency,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Purchase'
    and commitment_discount_id is not null
    and charge_class is distinct from 'Correction'
group by all
order by
    provider_name,
    billing_account_id,
    commitment_discount_id,
    commitment_discount_type,
    commitment_discount_unit,
    charge_frequency,
    billing_currency
