-- question: How much of which virtual currency was bought, and for how much?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter pricing_unit (text): one virtual currency; without it every one that some charge is priced in
-- column pricing_quantity: how much was bought, in pricing_unit
-- column cost_per_unit: billed_cost by pricing_quantity
-- published query: loses the end
select
    provider_name,
    publisher_name,
    charge_description,
    pricing_unit,
    billing_currency,
    sum(pricing_quantity) as pricing_quantity,
    sum(billed_cost) as billed_cost,
    round(sum(billed_cost) / nullif(sum(pricing_quantity), 0), 6) as cost_per_unit
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Purchase'
    and if(
        $pricing_unit is null,
        pricing_unit in (
            select priced.pricing_currency
            from marts.focus_costs as priced
            where priced.pricing_currency <> priced.billing_currency
        ),
        pricing_unit = $pricing_unit
    )
group by all
order by provider_name, publisher_name, charge_description, pricing_unit, billing_currency
