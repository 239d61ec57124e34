-- question: Does what is billed to a sub account stay within its budget?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter sub_account_id (text): one sub account
-- parameter budget (number): the sub account's budget for the days asked for
-- parameter budget_currency (text): the budget's currency, as USD
-- column budget: empty unless a sub account, a budget and its currency are given
-- note: The budget comes as a parameter: those of marts.budgets are for projects and teams.
--    Corrections of earlier months are left out, as the published page wants it.
-- published query: wrong answer: counts use only, which leaves out fees of commitments, tax, support and credits;
--    knows no budget; a correction whose charge period lies in the days asked for counts.
-- published query: adds up currencies
select
    provider_name,
    sub_account_id,
    sub_account_name,
    billing_currency,
    sum(billed_cost) as billed_cost,
    case
        when $sub_account_id is not null and billing_currency = $budget_currency
            then cast($budget as decimal(38, 12))
    end as budget,
    budget - sum(billed_cost) as budget_left,
    round(100 * sum(billed_cost) / nullif(budget, 0), 2) as budget_used_percent
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
    and ($sub_account_id is null or sub_account_id = $sub_account_id)
    and charge_class is distinct from 'Correction'
group by provider_name, sub_account_id, sub_account_name, billing_currency
order by provider_name, sub_account_id, sub_account_name, billing_currency
