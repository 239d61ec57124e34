-- question: Which discounts did each service get in a billing period, negotiated and by commitments?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- column list_cost: at list prices, where they are known; unused commitments have 0
-- column contracted_discount_percent: what the contract takes off the list price, of charges with a known list price
-- column effective_discount_percent: what contract and commitments take off together, of charges with a known list
--    price
-- column effective_cost_without_list_price: effective cost that the discounts leave out, since no list price is known
-- note: Use only, without corrections of earlier months.
-- published query: wrong answer: ChargeClass <> 'Correction' removes every ordinary row, whose ChargeClass is empty;
--    its discount is effective by billed cost, which is none.
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
        ($first_period is null or billing_period >= $first_period)
        and ($last_period is null or billing_period <= $last_period)
        and ($provider is null or provider_name = $provider)
        and charge_category = 'Usage'
        and charge_class is distinct from 'Correction'
)

select
    billing_period,
    provider_name,
    billing_account_id,
    billing_account_name,
    service_name,
    billing_currency,
    sum(list_cost) filter (has_list_price) as list_cost,
    sum(contracted_cost) as contracted_cost,
    sum(effective_cost) as effective_cost,
    sum(billed_cost) as billed_cost,
    round(
        100 * sum(list_cost - contracted_cost) filter (has_list_price)
        / nullif(sum(list_cost) filter (has_list_price), 0),
        2
    ) as contracted_discount_percent,
    round(
        100 * sum(list_cost - effective_cost) filter (has_list_price)
        / nullif(sum(list_cost) filter (has_list_price), 0),
        2
    ) as effective_discount_percent,
    coalesce(sum(effective_cost) filter (not has_list_price), 0) as effective_cost_without_list_price
from charges
group by all
order by billing_period, provider_name, billing_account_id, billing_account_name, service_name, billing_currency
