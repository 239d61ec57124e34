-- question: Which commitments are paid for and not used?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column unused_quantity: what was left unused, in commitment_discount_unit
-- column billed_cost: 0: the fee is billed as a purchase; effective_cost is what was wasted
-- published query: does not bind: CommitmentDiscountStatus is not grouped.
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
    billing_currency,
    sum(commitment_discount_quantity) as unused_quantity,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and commitment_discount_status = 'Unused'
    and charge_class is distinct from 'Correction'
group by all
order by
    billing_currency,
    effective_cost desc,
    provider_name,
    billing_account_id,
    commitment_discount_id,
    commitment_discount_type,
    commitment_discount_unit
