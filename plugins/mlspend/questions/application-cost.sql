-- question: What does an application cost month by month, by service?
-- parameter first_period (month): the first billing period, as 2026-09
-- parameter last_period (month): the last billing period, which is in
-- parameter project (text): one project
-- note: An application is a project of mlspend.yml, so that synonyms of tags, rules and shared costs count too. The
--    rows of a charge that is shared out add up to it.
-- published query: does not bind: Tags["Application"] asks for a column Application: double quotes name columns, not
--    keys.
-- published query: wrong answer: one spelling of one tag key; shared costs belong to nobody.
-- published query: merges years
-- published query: adds up currencies
-- published query: loses the end
select
    billing_period,
    project,
    service_name,
    billing_currency,
    sum(effective_cost) as effective_cost
from marts.allocated_costs
where
    ($first_period is null or billing_period >= $first_period)
    and ($last_period is null or billing_period <= $last_period)
    and ($project is null or project = $project)
group by all
having sum(effective_cost) <> 0
order by billing_period, project, billing_currency, effective_cost desc, service_name
