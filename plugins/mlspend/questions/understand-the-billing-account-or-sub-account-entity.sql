-- question: Which billing accounts and sub accounts have charges, and what are they called?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- column billing_account_name: the newest name, where an account was renamed; so for sub_account_name
-- column first_charge_date: the first day on which a charge starts, within the days asked for
-- published query: wrong answer: names no sub account, though its title does; an account that was renamed appears
--    twice.
-- published query: loses the end
select
    provider_name,
    billing_account_id,
    max_by(billing_account_name, charge_period_start) as billing_account_name,
    max_by(billing_account_type, charge_period_start) as billing_account_type,
    sub_account_id,
    max_by(sub_account_name, charge_period_start) as sub_account_name,
    max_by(sub_account_type, charge_period_start) as sub_account_type,
    min(charge_date) as first_charge_date,
    max(charge_date) as last_charge_date
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
group by provider_name, billing_account_id, sub_account_id
order by provider_name, billing_account_id, sub_account_id
