-- question: What do invoices correct of months that were invoiced before, by service?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column billing_period: the month whose invoice holds the correction
-- column corrected_month: the month that it corrects
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    strftime(charge_date, '%Y-%m') as corrected_month,
    provider_name,
    billing_account_id,
    charge_category,
    service_category,
    service_name,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
    and charge_class = 'Correction'
group by all
order by
    billing_period,
    corrected_month,
    provider_name,
    billing_account_id,
    charge_category,
    service_category,
    service_name,
    billing_currency
