-- question: What must each invoice come to, by the charges that name it?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column invoice_id: empty where the invoice is not issued yet: its cost is still open
-- column credit_cost: part of billed_cost that is credits; tax_cost that is tax; correction_cost that corrects
--    earlier months
-- note: Exports hold no total of an invoice: compare billed_cost with the invoice itself.
-- published query: does not bind: the column is InvoiceIssuerName, not InvoiceIssuer.
-- published query: wrong answer: chooses by charge period, so that what an invoice corrects of earlier months is not
--    in its sum.
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    invoice_issuer_name,
    billing_account_id,
    invoice_id,
    billing_currency,
    sum(billed_cost) as billed_cost,
    coalesce(sum(billed_cost) filter (charge_category = 'Tax'), 0) as tax_cost,
    coalesce(sum(billed_cost) filter (charge_category = 'Credit'), 0) as credit_cost,
    coalesce(sum(billed_cost) filter (charge_class = 'Correction'), 0) as correction_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
group by all
order by billing_period, invoice_issuer_name, billing_account_id, invoice_id, billing_currency
