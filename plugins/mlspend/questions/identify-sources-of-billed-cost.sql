-- question: Who sold what is billed, who invoices it, and on which invoice?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column publisher_name: who made the product; on a marketplace the seller
-- column invoice_id: empty where the invoice is not issued yet
-- published query: does not bind: the column is InvoiceIssuerName, not InvoiceIssuer.
-- published query: wrong answer: chooses by charge period, so that what an invoice corrects of earlier months is not
--    in its sum.
-- published query: adds up currencies
-- published query: loses the end
select
    provider_name,
    publisher_name,
    invoice_issuer_name,
    invoice_id,
    billing_currency,
    sum(billed_cost) as billed_cost
from marts.focus_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($provider is null or provider_name = $provider)
group by all
order by provider_name, publisher_name, invoice_issuer_name, invoice_id, billing_currency
