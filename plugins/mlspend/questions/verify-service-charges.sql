-- question: What does each service come to on each billing account's bill?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- published query: loses the end
select
    billing_period,
    provider_name,
    billing_account_id,
    billing_account_name,
    service_name,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
group by all
order by billing_period, provider_name, billing_account_id, billing_account_name, service_name, billing_currency
