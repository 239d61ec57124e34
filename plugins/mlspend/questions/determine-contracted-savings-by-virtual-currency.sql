-- question: How much does the contract save on what is priced in a virtual currency?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter pricing_currency (text): one virtual currency; without it every pricing currency that is not the billing
--    currency
-- column contracted_savings_in_pricing_currency: list less contracted unit price, times quantity; negative where the
--    contract is dearer
-- column contracted_savings_in_billing_currency: list less contracted cost of the same charges
-- published query: does not bind: a comma is missing, and the table's name is cut.
-- published query: wrong answer: adds up differences of unit prices without the quantities; leaves out what the
--    contract makes dearer.
-- published query: loses the end
select
    service_name,
    service_subcategory,
    charge_description,
    billing_currency,
    pricing_currency,
    cast(sum(
        (pricing_currency_list_unit_price - pricing_currency_contracted_unit_price)
        * cast(pricing_quantity as decimal(18, 6))
    ) as decimal(38, 12)) as contracted_savings_in_pricing_currency,
    sum(list_cost - contracted_cost) as contracted_savings_in_billing_currency
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and charge_category = 'Usage'
    and charge_class is distinct from 'Correction'
    and x_list_cost_provenance <> 'contracted_cost'
    and pricing_currency_list_unit_price <> pricing_currency_contracted_unit_price
    and if($pricing_currency is null, pricing_currency <> billing_currency, pricing_currency = $pricing_currency)
group by all
order by service_name, service_subcategory, charge_description, billing_currency, pricing_currency
