-- question: What does a service cost each sub account, month by month?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter service (text): one service, by service_name
-- published query: does not bind: sorts by MonthlyCost, which is not there.
-- published query: adds up currencies
select
    billing_period,
    provider_name,
    sub_account_id,
    sub_account_name,
    service_name,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and ($service is null or service_name = $service)
group by all
order by
    billing_period,
    billing_currency,
    effective_cost desc,
    provider_name,
    sub_account_id,
    sub_account_name,
    service_name
