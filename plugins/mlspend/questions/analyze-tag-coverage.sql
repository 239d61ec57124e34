-- question: How much of the cost of use carries a tag, and how much has an owner?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter tag_key (text, default project): the tag, in any case, with or without AWS's prefix user_ or user:
-- column tagged_cost: cost of charges with that tag and a value; an empty value is no value
-- column attributed_cost: cost that a project owns, by whatever synonym or rule; so the tag's coverage and that of
--    the attribution stand side by side
-- note: Counts use only: tax, credits and purchases cannot be tagged. What a commitment left unused is use that
--    carries no tag, and counts.
-- published query: does not bind: JSON_CONTAINS_PATH is MySQL's; a parameter within a text is none.
-- published query: wrong answer: an empty value counts as a tag; tax counts as untagged.
-- published query: adds up currencies
-- published query: loses the end
with charges as (
    select
        x_source,
        x_line_id,
        provider_name,
        billing_currency,
        effective_cost,
        list_bool_or([
            regexp_replace(lower(tag.key), '^user[_:]', '') = lower($tag_key) and trim(tag.value) <> ''
            for tag in map_entries(tags)
        ]) as is_tagged
    from marts.focus_costs
    where
        ($start_date is null or charge_date >= $start_date)
        and ($end_date is null or charge_date < $end_date)
        and ($provider is null or provider_name = $provider)
        and charge_category = 'Usage'
        and charge_class is distinct from 'Correction'
),

owned as (
    select
        x_source,
        x_line_id,
        sum(effective_cost) as effective_cost
    from marts.allocated_costs
    where project <> 'unattributed'
    group by x_source, x_line_id
)

select
    charges.provider_name,
    charges.billing_currency,
    sum(charges.effective_cost) as effective_cost,
    coalesce(sum(charges.effective_cost) filter (charges.is_tagged), 0) as tagged_cost,
    round(100 * tagged_cost / nullif(sum(charges.effective_cost), 0), 2) as tagged_percent,
    coalesce(sum(owned.effective_cost), 0) as attributed_cost,
    round(100 * attributed_cost / nullif(sum(charges.effective_cost), 0), 2) as attributed_percent
from charges
left join owned on charges.x_source = owned.x_source and charges.x_line_id = owned.x_line_id
group by charges.provider_name, charges.billing_currency
order by charges.provider_name, charges.billing_currency
