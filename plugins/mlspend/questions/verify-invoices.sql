-- question: What does each billing account's bill come to, and how much of it is invoiced yet?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column not_invoiced_cost: part of billed_cost that names no invoice yet
-- published query: wrong answer: adds up all the months asked for, though an invoice is for one; does not tell what
--    is not invoiced yet.
-- published query: loses the end
select
    billing_period,
    provider_name,
    billing_account_id,
    billing_account_name,
    billing_currency,
    sum(billed_cost) as billed_cost,
    coalesce(sum(billed_cost) filter (invoice_id is null), 0) as not_invoiced_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
group by all
order by billing_period, provider_name, billing_account_id, billing_account_name, billing_currency
