-- question: What does each service cost month by month, and how did that change?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column charge_month: the month in which charges start, in UTC
-- column previous_effective_cost: of the month before; empty where it has no charge, or is not asked for
-- column change_percent: empty where the month before has no cost above 0
-- published query: merges years
-- published query: adds up currencies
with months as (
    select
        cast(date_trunc('month', charge_date) as date) as month_start,
        provider_name,
        service_name,
        billing_currency,
        sum(effective_cost) as effective_cost
    from marts.focus_costs
    where
        ($start_date is null or charge_date >= $start_date)
        and ($end_date is null or charge_date < $end_date)
        and ($provider is null or provider_name = $provider)
    group by all
)

select
    strftime(months.month_start, '%Y-%m') as charge_month,
    months.provider_name,
    months.service_name,
    months.billing_currency,
    months.effective_cost,
    previous.effective_cost as previous_effective_cost,
    months.effective_cost - previous.effective_cost as effective_cost_change,
    case
        when previous.effective_cost > 0 then round(100 * effective_cost_change / previous.effective_cost, 2)
    end as change_percent
from months
left join months as previous
    on
        previous.month_start = months.month_start - interval 1 month
        and months.provider_name = previous.provider_name
        and months.service_name = previous.service_name
        and months.billing_currency = previous.billing_currency
order by
    charge_month, months.billing_currency, months.effective_cost desc, months.provider_name, months.service_name
