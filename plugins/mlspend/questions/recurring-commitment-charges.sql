-- question: Which fees recur for commitments, month by month?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- published query: adds up currencies
select
    billing_period,
    provider_name,
    commitment_discount_id,
    commitment_discount_name,
    commitment_discount_type,
    charge_frequency,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and charge_frequency = 'Recurring'
    and commitment_discount_id is not null
group by all
order by
    billing_period,
    provider_name,
    commitment_discount_id,
    commitment_discount_name,
    commitment_discount_type,
    billing_currency
