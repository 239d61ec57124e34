-- question: Which credits does each invoice give?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column charge_class: Correction where a credit corrects a month that was invoiced before, else empty
-- column billed_cost: negative: what the credit takes off
-- published query: wrong answer: chooses by charge period, so that credits for earlier months are not on the invoice
--    that gives them; mixes those with other credits.
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    provider_name,
    invoice_id,
    service_name,
    charge_class,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Credit'
group by all
order by billing_period, provider_name, invoice_id, service_name, charge_class, billing_currency
