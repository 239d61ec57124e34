-- question: How much is saved against list prices, and how much of that by commitments?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column list_cost: at list prices, where they are known; unused commitments have 0
-- column savings_over_list_percent: list less effective cost of charges with a known list price, by list cost
-- column savings_over_contracted_percent: contracted less effective cost, by contracted cost
-- column effective_cost_without_list_price: effective cost that savings_over_list_percent leaves out, since no list
--    price is known
-- column without_list_price_percent: its share of effective cost
-- note: Use only: a purchase stands for use that is counted.
-- published query: wrong answer: gives a rate for every row and none for all; divides by ContractedUnitPrice, a
--    price, and by 0; counts commitments twice, as purchase and as use; takes a list cost that was only imputed for a
--    known one.
-- published query: adds up currencies
-- published query: loses the end
with charges as (
    select
        *,
        list_cost is not null
        and (
            x_list_cost_provenance <> 'contracted_cost'
            or commitment_discount_status is not distinct from 'Unused'
        ) as has_list_price
    from marts.focus_costs
    where
        ($start_date is null or charge_date >= $start_date)
        and ($end_date is null or charge_date < $end_date)
        and ($provider is null or provider_name = $provider)
        and charge_category = 'Usage'
        and charge_class is distinct from 'Correction'
)

select
    provider_name,
    billing_currency,
    sum(list_cost) filter (has_list_price) as list_cost,
    sum(contracted_cost) as contracted_cost,
    sum(effective_cost) as effective_cost,
    round(
        100 * sum(list_cost - effective_cost) filter (has_list_price)
        / nullif(sum(list_cost) filter (has_list_price), 0),
        2
    ) as savings_over_list_percent,
    round(
        100 * sum(contracted_cost - effective_cost) / nullif(sum(contracted_cost), 0), 2
    ) as savings_over_contracted_percent,
    coalesce(sum(effective_cost) filter (not has_list_price), 0) as effective_cost_without_list_price,
    round(
        100 * effective_cost_without_list_price / nullif(sum(effective_cost), 0), 2
    ) as without_list_price_percent
from charges
group by all
order by provider_name, billing_currency
