-- question: What do sellers on the providers' marketplaces cost, month by month?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column charge_month: the month in which charges start, in UTC
-- column publisher_name: the seller
-- note: A publisher is the provider itself when its name begins with the provider's; AWS and Amazon are one, and so
--    is all that begins with Google.
-- published query: wrong answer: takes every charge whose issuer is another company than its publisher, so that all
--    of AWS invoiced by a national company of AWS is a marketplace; rounds amounts; gives a row for every start of a
--    charge, the cheapest first.
-- published query: adds up currencies
-- published query: loses the end
select
    strftime(charge_date, '%Y-%m') as charge_month,
    provider_name,
    publisher_name,
    invoice_issuer_name,
    billing_currency,
    sum(billed_cost) as billed_cost,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and not starts_with(lower(publisher_name), lower(provider_name))
    and not (
        regexp_matches(provider_name, '^(AWS|Amazon)\b') and regexp_matches(publisher_name, '^(AWS|Amazon)\b')
        or starts_with(provider_name, 'Google') and starts_with(publisher_name, 'Google')
    )
group by all
order by charge_month, billing_currency, effective_cost desc, provider_name, publisher_name, invoice_issuer_name
