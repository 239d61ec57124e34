-- question: What does each service cost a sub account of a provider, commitments spread over time?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter sub_account_id (text): one sub account
-- published query: does not bind: sorts by BillingPeriodStart, which is not grouped.
-- published query: wrong answer: gives a row for every start of a charge, the cheapest first.
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    provider_name,
    sub_account_id,
    service_name,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and ($sub_account_id is null or sub_account_id = $sub_account_id)
group by all
order by billing_period, billing_currency, effective_cost desc, provider_name, sub_account_id, service_name
