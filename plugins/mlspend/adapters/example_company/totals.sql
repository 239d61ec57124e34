-- What of one billing period must be known before its first line is written. Variable part is null here.

create or replace table plan_hours as
select
    copy,
    account_id,
    product,
    starts_at,
    ends_at,
    sum(amount) as amount,
    sum(priced_cost) as covered_cost,
    sum(savings_plan_cost) as used_commitment
from ticks
where line_item_type = 'SavingsPlanCoveredUsage'
group by all;

create or replace table reserved_usage as
select copy, commitment, sum(amount) as used_hours
from ticks
where line_item_type = 'DiscountedUsage'
group by all;

create or replace table service_totals as
select
    account_id,
    product_code,
    count(*) as line_count,
    sum(priced_cost) as cost
from ticks
where line_item_type = 'Usage'
group by all;
