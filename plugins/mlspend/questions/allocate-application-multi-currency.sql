-- question: What is billed to each application, in each currency?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter provider (text): one provider, as AWS
-- parameter project (text): one project
-- note: An application is a project of mlspend.yml, so that synonyms of tags, rules and shared costs count too.
--    Currencies stay apart: nothing is converted.
-- published query: does not bind: Tags["ApplicationId"] asks for a column ApplicationId: double quotes name columns,
--    not keys.
-- published query: wrong answer: one spelling of one tag key; shared costs belong to nobody.
-- published query: loses the end
with accounts as (
    select
        billing_account_id,
        max_by(billing_account_name, billing_period) as billing_account_name
    from marts.focus_costs
    group by billing_account_id
)

select
    owned.project,
    owned.provider_name,
    owned.billing_account_id,
    accounts.billing_account_name,
    owned.billing_currency,
    sum(owned.billed_cost) as billed_cost
from marts.allocated_costs as owned
left join accounts on owned.billing_account_id = accounts.billing_account_id
where
    ($first_period is null or owned.billing_period >= $first_period)
    and ($last_period is null or owned.billing_period <= $last_period)
    and ($provider is null or owned.provider_name = $provider)
    and ($project is null or owned.project = $project)
group by all
order by
    owned.project,
    owned.provider_name,
    owned.billing_account_id,
    accounts.billing_account_name,
    owned.billing_currency
