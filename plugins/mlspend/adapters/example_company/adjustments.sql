-- What comes on top of usage: negations and fees of commitments, tax, support, credits, a refund, a subscription.
-- One narrow line each, in the columns of charges.

create or replace view plan_negations as
select
    meters.meter_id,
    hours.starts_at,
    hours.ends_at,
    hours.amount,
    meters.price as rate,
    -hours.covered_cost as unblended_cost,
    0 as public_cost
from plan_hours as hours
inner join meters
    on
        meters.kind = 'negation'
        and hours.copy = meters.copy
        and hours.account_id = meters.account_id
        and hours.product = meters.product;

create or replace view plan_fees as
select
    meters.meter_id,
    hours.starts_at,
    hours.ends_at,
    1 as amount,
    plans.recurring_rate as rate,
    plans.recurring_rate as unblended_cost,
    plans.arn as resource_id,
    plans.recurring_rate as plan_recurring_cost,
    plans.upfront_rate as plan_upfront_cost,
    plans.commitment as plan_commitment,
    coalesce(used.used_commitment, 0) as plan_used_commitment
from savings_plans as plans
inner join meters on meters.kind = 'plan hour' and plans.copy = meters.copy
cross join hours
left join (select copy, starts_at, sum(used_commitment) as used_commitment from plan_hours group by all) as used
    on plans.copy = used.copy and hours.starts_at = used.starts_at
union all by name
select
    meters.meter_id,
    month.starts_at,
    month.starts_at + interval 1 second as ends_at,
    1 as amount,
    plans.upfront_value as rate,
    plans.upfront_value as unblended_cost,
    plans.arn as resource_id
from savings_plans as plans
inner join meters on meters.kind = 'plan upfront' and plans.copy = meters.copy
cross join month
where plans.is_bought;

create or replace view reservation_fees as
select
    meters.meter_id,
    month.starts_at,
    month.ends_at - interval 1 second as ends_at,
    reservations.reserved_hours as amount,
    reservations.recurring_rate as rate,
    cast(reservations.recurring_rate * reservations.reserved_hours as decimal(18, 10)) as unblended_cost,
    cast(reservations.upfront_rate * reservations.reserved_hours as decimal(18, 10)) as reservation_month_upfront,
    reservations.reserved_hours - coalesce(used.used_hours, 0) as reservation_unused_hours,
    cast(reservations.recurring_rate * reservation_unused_hours as decimal(18, 10)) as reservation_unused_recurring,
    cast(reservations.upfront_rate * reservation_unused_hours as decimal(18, 10)) as reservation_unused_upfront
from reservations
inner join meters
    on
        meters.kind = 'reservation month'
        and reservations.offer = meters.commitment
        and reservations.copy = meters.copy
left join reserved_usage as used on reservations.offer = used.commitment and reservations.copy = used.copy
cross join month
union all by name
select
    meters.meter_id,
    month.starts_at,
    month.starts_at + interval 1 second as ends_at,
    1 as amount,
    reservations.upfront_value as rate,
    reservations.upfront_value as unblended_cost,
    reservations.arn as resource_id
from reservations
inner join meters
    on
        meters.kind = 'reservation upfront'
        and reservations.offer = meters.commitment
        and reservations.copy = meters.copy
cross join month
where reservations.is_bought and reservations.upfront_value > 0;

create or replace view invoice_lines as
select
    meters.meter_id,
    month.starts_at,
    month.ends_at - interval 1 second as ends_at,
    1 as amount,
    cast(round(totals.cost * 0.02, 2) as decimal(18, 10)) as unblended_cost
from service_totals as totals
inner join meters
    on meters.kind = 'tax' and totals.account_id = meters.account_id and totals.product_code = meters.product_code
cross join month
where totals.cost >= 1
union all by name
select
    meters.meter_id,
    month.starts_at,
    month.ends_at - interval 1 second as ends_at,
    bill.support as amount,
    1 as rate,
    bill.support as unblended_cost
from meters
cross join month
cross join (select cast(round(sum(cost) * 0.03, 2) as decimal(18, 10)) as support from service_totals) as bill
where meters.kind = 'support'
union all by name
select
    meters.meter_id,
    month.starts_at,
    month.ends_at - interval 1 second as ends_at,
    1 as amount,
    meters.price as rate,
    case meters.kind when 'credit' then -2500 else meters.price end as unblended_cost
from meters
cross join month
where meters.kind in ('credit', 'marketplace')
union all by name
-- The refund is for two hours of the month before; it stands on the second month's bill.
select
    meters.meter_id,
    month.first_starts_at + interval 17 day + interval 9 hour as starts_at,
    starts_at + interval 2 hour as ends_at,
    2 as amount,
    meters.price as rate,
    -24 * meters.price as unblended_cost
from meters
cross join month
where meters.kind = 'refund' and month.months_before = 1;
