-- question: In which regions does each sub account run something, and is that where it may?
-- parameter start_date (date): the first day, in UTC
-- parameter end_date (date): the day after the last one
-- parameter provider (text): one provider, as AWS
-- parameter allowed_regions (text): region ids that are allowed, with commas between
-- column charge_count: charges there
-- column is_allowed: empty where no regions are given, and where a charge has no region
-- published query: wrong answer: a comma is missing, so that the region's id appears under the name RegionName and
--    the name not at all; adds no cost; compares with no region.
-- published query: loses the end
select
    provider_name,
    sub_account_id,
    region_id,
    region_name,
    billing_currency,
    count(*) as charge_count,
    sum(effective_cost) as effective_cost,
    list_contains(list_transform(string_split($allowed_regions, ','), lambda region: trim(region)), region_id)
        as is_allowed
from marts.focus_costs
where
    ($start_date is null or charge_date >= $start_date)
    and ($end_date is null or charge_date < $end_date)
    and ($provider is null or provider_name = $provider)
group by all
order by provider_name, sub_account_id, region_id, region_name, billing_currency
