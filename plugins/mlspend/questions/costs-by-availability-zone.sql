-- question: What does each availability zone cost a sub account, month by month?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter sub_account_id (text): one sub account
-- column charge_month: the month in which charges start, in UTC
-- column availability_zone: empty where a service has no zone
-- published query: wrong answer: chooses by charge period and groups by billing period, so that corrections make rows
--    of other months.
-- published query: adds up currencies
-- published query: loses the end
select
    strftime(charge_date, '%Y-%m') as charge_month,
    provider_name,
    sub_account_id,
    region_name,
    availability_zone,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and ($sub_account_id is null or sub_account_id = $sub_account_id)
group by all
order by charge_month, provider_name, sub_account_id, region_name, availability_zone, billing_currency
