-- question: Which services cost a sub account most?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter sub_account_id (text): one sub account
-- parameter limit (integer, default 10): so many services of each sub account and currency
-- published query: wrong answer: groups by the start of the charge before it cuts at ten, so that it shows the ten
--    dearest hours and not the ten dearest services.
-- published query: adds up currencies
-- published query: loses the end
select
    sub_account_id,
    sub_account_name,
    service_name,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($sub_account_id is null or sub_account_id = $sub_account_id)
group by sub_account_id, sub_account_name, service_name, billing_currency
qualify
    row_number() over (
        partition by sub_account_id, billing_currency
        order by sum(effective_cost) desc, service_name
    ) <= $limit
order by sub_account_id, billing_currency, effective_cost desc, service_name
