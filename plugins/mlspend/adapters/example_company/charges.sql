-- A pod's share of its node: the node's own line keeps the cost, the split columns say how it falls to the pods.
create or replace view pod_lines as
select
    pods.meter_id,
    nodes.starts_at,
    nodes.ends_at,
    nodes.time_interval,
    pods.resource as resource_id,
    nodes.resource_id as split_parent,
    pods.capacity * pods.used_share as split_usage,
    pods.used_share as split_ratio,
    split_usage as amount,
    0 as unblended_cost,
    nodes.effective_cost * pods.used_share as split_cost,
    nodes.effective_cost * pods.unused_share as split_unused_cost,
    nodes.public_cost * pods.used_share as split_public_cost,
    nodes.public_cost * pods.unused_share as split_public_unused_cost
from (
    select *, case commitment when 'savings plan' then savings_plan_cost else priced_cost end as effective_cost
    from ticks
    where name = 'platform-node'
) as nodes
inner join meters as pods
    on nodes.copy = pods.copy and nodes.instance = pods.instance and nodes.name = pods.parent_name;

create or replace view usage_lines as
select
    ticks.meter_id,
    ticks.starts_at,
    ticks.ends_at,
    ticks.time_interval,
    ticks.resource_id,
    ticks.amount,
    ticks.public_cost,
    case ticks.line_item_type when 'DiscountedUsage' then 0 else ticks.rate end as rate,
    case ticks.line_item_type when 'DiscountedUsage' then 0 else ticks.priced_cost end as unblended_cost,
    ticks.recurring_cost as reservation_recurring_cost,
    ticks.upfront_cost as reservation_upfront_cost,
    case ticks.line_item_type when 'SavingsPlanCoveredUsage' then ticks.savings_plan_cost end as savings_plan_cost
from ticks;

create or replace view charges as
select * from usage_lines
union all by name
select * from pod_lines
union all by name
select * from plan_negations
union all by name
select * from plan_fees
union all by name
select * from reservation_fees
union all by name
select * from invoice_lines;
