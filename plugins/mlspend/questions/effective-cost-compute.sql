-- question: What does compute cost under each type of commitment, and how does that compare with the contracted
--    rates?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column commitment_discount_type: empty for use that no commitment pays for
-- column effective_percent_of_contracted: effective by contracted cost; above 100 where what is left unused (which
--    has no contracted cost) outweighs the discount
-- published query: wrong answer: asks for the current rate of discount and shows no cost to compare with; counts
--    corrections and tax.
-- published query: adds up currencies
select
    billing_period,
    provider_name,
    commitment_discount_type,
    service_name,
    sub_account_id,
    sub_account_name,
    billing_currency,
    sum(contracted_cost) as contracted_cost,
    sum(effective_cost) as effective_cost,
    round(100 * sum(effective_cost) / nullif(sum(contracted_cost), 0), 2) as effective_percent_of_contracted
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and service_category = 'Compute'
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
group by all
order by
    billing_period,
    billing_currency,
    effective_cost desc,
    provider_name,
    commitment_discount_type,
    service_name,
    sub_account_id,
    sub_account_name
