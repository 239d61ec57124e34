-- The priced lines of one billing period, narrow: what differs from line to line of a meter.
-- Variable part: null for all meters, else the part file being written.

create or replace view ticking_meters as
select * from meters
where kind = 'usage' and (getvariable('part') is null or shelf % getvariable('parts') = getvariable('part'));

create or replace view ticks as
with

running as (

    select
        meters.*,
        hours.*,
        -- The run this hour belongs to, by the hour it began in.
        (hour_number + seed) - (hour_number + seed) % every_hours as run
    from ticking_meters as meters
    cross join hours
    where
        ((hour_number + seed) % every_hours) * 1000 < run_hours * case
            -- Runs of more than two hours are between half and one and a half times as long.
            when run_hours > 2 and commitment is null
                then 500 + permille(seed, (hour_number + seed) - (hour_number + seed) % every_hours)
            else 1000
        end
        and (not only_office_hours or is_office_hour)
        and (not is_surprise or is_surprise_hour)

),

measured as (

    select
        *,
        cast(low + (high - low) * case shape
            when 'day' then daylight
            when 'noise' then cast(permille(seed, hour_number) as decimal(4, 0)) * 0.001
            else 1
        end as decimal(18, 4)) as level
    from running

),

counted as (

    select
        *,
        case
            when shape = 'storage' then cast(
                cast(level * (1 + monthly_growth * age_days / 30) as decimal(26, 4))
                * share_of_month * every_hours as decimal(18, 6)
            )
            when is_whole then cast(round(level, 0) as decimal(18, 6))
            else cast(level as decimal(18, 6))
        end as amount,
        case
            when is_spot
                then cast(price * (0.300 + cast(permille(day_number, length(product)) as decimal(4, 0)) * 0.00015) as decimal(18, 8))
            else price
        end as rate
    from measured

)

select
    meter_id,
    copy,
    name,
    instance,
    product,
    account_id,
    product_code,
    commitment,
    line_item_type,
    starts_at,
    ends_at,
    time_interval,
    case when has_runs then replace(resource, '{run}', hexadecimal(seed, run)) else resource end as resource_id,
    amount,
    rate,
    cast(amount * rate as decimal(18, 10)) as priced_cost,
    cast(amount * price as decimal(18, 10)) as public_cost,
    cast(amount * savings_plan_rate as decimal(18, 10)) as savings_plan_cost,
    cast(amount * recurring_rate as decimal(18, 10)) as recurring_cost,
    cast(amount * upfront_rate as decimal(18, 10)) as upfront_cost
from counted;
