-- question: What was billed to each application, and what is left of its budget?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter project (text): one project
-- parameter budget (number): the project's budget for one month
-- parameter budget_currency (text): the budget's currency, as USD
-- column budget: empty unless a project, a budget and its currency are given
-- column budget_left: budget less billed_cost
-- note: Budgets come as a parameter: those of marts.budgets are held against effective cost. An
--    application is a project of mlspend.yml, so that synonyms of tags, rules and shared costs count too.
-- published query: does not bind: a comma is missing; Tags["Application"] asks for a column Application: double
--    quotes name columns, not keys.
-- published query: wrong answer: knows no budget; one spelling of one tag key.
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    project,
    billing_currency,
    sum(billed_cost) as billed_cost,
    case
        when $project is not null and billing_currency = $budget_currency then cast($budget as decimal(38, 12))
    end as budget,
    budget - sum(billed_cost) as budget_left,
    round(100 * sum(billed_cost) / nullif(budget, 0), 2) as budget_used_percent
from marts.allocated_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($project is null or project = $project)
group by billing_period, project, billing_currency
order by billing_period, project, billing_currency
