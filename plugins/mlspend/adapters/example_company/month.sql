-- One billing period: its hours, what it is called on an invoice, the reservations in force.
-- Variables: period ('YYYY-MM'), first_period, last_period.

create or replace table month as
select
    getvariable('period') as period,
    cast(getvariable('period') || '-01' as timestamp) as starts_at,
    starts_at + interval 1 month as ends_at,
    date_diff('hour', starts_at, ends_at) as hours,
    cast(getvariable('first_period') || '-01' as timestamp) as first_starts_at,
    date_diff('month', first_starts_at, starts_at) as months_before,
    getvariable('period') = getvariable('last_period') as is_open,
    -- Monday of the last ISO week that ends within the last month.
    date_trunc('week', cast(getvariable('last_period') || '-01' as timestamp) + interval 1 month - interval 7 day)
        as surprise_at;

create or replace table hours as
select
    starts_at,
    starts_at + interval 1 hour as ends_at,
    time_interval_of(starts_at, ends_at) as time_interval,
    date_diff('hour', timestamp '2020-01-01', starts_at) as hour_number,
    date_diff('day', timestamp '2020-01-01', starts_at) as day_number,
    isodow(starts_at) < 6 and hour(starts_at) between 8 and 17 as is_office_hour,
    starts_at between surprise_at and surprise_at + interval 119 hour as is_surprise_hour,
    -- 0 at two in the morning, 1 at two in the afternoon, two thirds of it at weekends.
    cast(
        (12 - least(abs(hour(starts_at) - 14), 24 - abs(hour(starts_at) - 14))) / 12.0
        * case when isodow(starts_at) < 6 then 1.0 else 0.67 end as decimal(6, 4)
    ) as daylight,
    cast(1.0 / month.hours as decimal(12, 10)) as share_of_month,
    date_diff('day', first_starts_at, starts_at) as age_days
from (
    select
        month.* exclude (starts_at, ends_at),
        unnest(range(month.starts_at, month.ends_at, interval 1 hour)) as starts_at
    from month
) as month;

create or replace table reservations as
select
    meters.copy,
    offers.* exclude (product, usage_type),
    term.starts_at,
    term.ends_at,
    uuid_of(offers.offer || meters.copy || term.starts_at) as subscription,
    case offers.product
        when 'db.r6g.2xlarge' then 'arn:aws:rds:us-east-1:012345678901:ri:ri-' || subscription
        else 'arn:aws:ec2:us-east-1:012345678901:reserved-instances/' || subscription
    end as arn,
    meters.instances,
    month.hours * meters.instances as reserved_hours,
    offers.upfront_rate * date_diff('hour', term.starts_at, term.ends_at) * meters.instances as upfront_value,
    month.starts_at = term.starts_at as is_bought
from reservation_offers as offers
inner join (
    select commitment, copy, count(*) as instances
    from meters
    where line_item_type = 'DiscountedUsage'
    group by all
) as meters
    on offers.offer = meters.commitment
cross join month
cross join lateral (select (month.months_before + offers.months_running) % 12 as months_used) as age
cross join lateral (
    select
        month.starts_at - to_months(age.months_used) as starts_at,
        month.starts_at + to_months(12 - age.months_used) as ends_at
) as term;

create or replace table savings_plans as
select
    meters.copy,
    offer.payment_option,
    term.starts_at,
    term.ends_at,
    'arn:aws:savingsplans::012345678901:savingsplan/' || uuid_of('savings plan' || meters.copy || term.starts_at)
        as arn,
    meters.commitment,
    cast(meters.commitment * offer.upfront_share as decimal(18, 10)) as upfront_rate,
    meters.commitment - upfront_rate as recurring_rate,
    upfront_rate * date_diff('hour', term.starts_at, term.ends_at) as upfront_value,
    month.starts_at = term.starts_at as is_bought
from (
    select copy, cast(sum(savings_plan_rate) as decimal(18, 10)) as commitment
    from meters
    where line_item_type = 'SavingsPlanCoveredUsage'
    group by all
) as meters
cross join savings_plan_offer as offer
cross join month
cross join lateral (select month.months_before % offer.months as months_used) as age
cross join lateral (
    select
        month.starts_at - to_months(age.months_used) as starts_at,
        month.starts_at + to_months(offer.months - age.months_used) as ends_at
) as term;
