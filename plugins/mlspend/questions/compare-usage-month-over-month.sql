-- question: How much did each resource use month by month, and how did that change?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter resource_id (text): one resource
-- column charge_month: the month in which charges start, in UTC
-- column previous_consumed_quantity: of the month before; empty where nothing was used, or it is not asked for
-- published query: wrong answer: counts the use that a correction takes back beside the use itself; compares nothing.
-- published query: merges years
-- published query: loses the end
with months as (
    select
        cast(date_trunc('month', charge_date) as date) as month_start,
        provider_name,
        service_name,
        resource_id,
        sku_id,
        consumed_unit,
        sum(consumed_quantity) as consumed_quantity
    from marts.focus_costs
    where
        ($start_date is null or charge_date >= $start_date)
        and ($end_date is null or charge_date < $end_date)
        and ($provider is null or provider_name = $provider)
        and ($resource_id is null or resource_id = $resource_id)
        and charge_category = 'Usage'
        and charge_class is distinct from 'Correction'
        and consumed_quantity is not null
    group by all
)

select
    strftime(months.month_start, '%Y-%m') as charge_month,
    months.provider_name,
    months.service_name,
    months.resource_id,
    months.sku_id,
    months.consumed_unit,
    months.consumed_quantity,
    previous.consumed_quantity as previous_consumed_quantity,
    round(100 * (months.consumed_quantity / nullif(previous.consumed_quantity, 0) - 1), 2) as change_percent
from months
left join months as previous
    on
        previous.month_start = months.month_start - interval 1 month
        and months.provider_name = previous.provider_name
        and months.service_name = previous.service_name
        and months.resource_id is not distinct from previous.resource_id
        and months.sku_id is not distinct from previous.sku_id
        and months.consumed_unit = previous.consumed_unit
order by
    charge_month,
    months.provider_name,
    months.service_name,
    months.resource_id,
    months.sku_id,
    months.consumed_unit
