-- question: What was billed month by month, and what is left of a long-term budget?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter budget (number): the budget for all the billing periods asked for
-- parameter budget_currency (text): the budget's currency, as USD
-- column billed_cost_so_far: billed from the first billing period asked for to this one
-- column budget_left: budget less billed_cost_so_far; empty unless provider, budget and its currency are given
-- note: The budget comes as a parameter: those of marts.budgets are for one month, and not for a provider.
-- published query: wrong answer: knows no budget.
-- published query: adds up currencies
-- published query: loses the end
with months as (
    select
        billing_period,
        provider_name,
        billing_currency,
        sum(billed_cost) as billed_cost
    from marts.focus_costs
    where
        ($first_period is null or billing_period >= $first_period)
        and ($last_period is null or billing_period <= $last_period)
        and ($provider is null or provider_name = $provider)
    group by all
)

select
    billing_period,
    provider_name,
    billing_currency,
    billed_cost,
    sum(billed_cost) over (
        partition by provider_name, billing_currency
        order by billing_period
    ) as billed_cost_so_far,
    case
        when $provider is not null and billing_currency = $budget_currency then cast($budget as decimal(38, 12))
    end as budget,
    budget - billed_cost_so_far as budget_left,
    round(100 * billed_cost_so_far / nullif(budget, 0), 2) as budget_used_percent
from months
order by billing_period, provider_name, billing_currency
