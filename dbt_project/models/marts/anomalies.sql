{{ config(materialized='table') }}

{#- As long as somebody may still ask about an alert; int_usage_days_judged reads four times as far back. -#}
{%- set weeks_told = 13 -%}
{#- After this many days the median of a week has moved, and the new level is the usual one. -#}
{%- set days_of_a_shift = 4 -%}
{#- Four weeks that happen to rise look like a leak on a day or two. -#}
{%- set days_of_a_leak = 3 -%}

with days as (
    select * from {{ ref('int_usage_days_judged') }}
),

-- One usage type taking over from another within a service is no anomaly: what is new, or used now and then, counts
-- where the service costs more too.
unusual as (
    select
        *,
        coalesce(corrected_value > 0 and value - corrected_value <= threshold_value, false) as is_correction
    from days
    where
        value > threshold_value
        and has_precedent
        and ((usual_value > 0 and busiest_value is null) or service_rise >= value / 2)
),

-- Growth that no single day shows: each week above the one before it, none of them most of it.
leaking as (
    select
        *,
        level - level_28 as growth,
        least(level_21 - level_28, level_14 - level_21, level_7 - level_14, level - level_7) as smallest_step,
        greatest(level_21 - level_28, level_14 - level_21, level_7 - level_14, level - level_7) as largest_step
    from days
    where
        history_count >= 35
        and level_28 > 0
        -- Medians of a week lie within half the spread of days, their differences within twice that.
        and level - level_28 >= greatest(level_28 * setting.leak_percent / 100, floor_value, usual_spread)
        and coalesce(corrected_value, 0) = 0
),

unusual_days as (
    select
        *,
        case when is_correction then 'restatement' else 'spike' end as kind,
        3 as joined_days,
        usage_cost as day_cost,
        cast(round(expected_value, 6) as decimal(38, 12)) as day_expected_cost,
        case when is_correction then corrected_date else charge_date end as told_date
    from unusual
    union all by name
    select
        * exclude (growth, smallest_step, largest_step),
        'slow_leak' as kind,
        7 as joined_days,
        week_cost as day_cost,
        old_week_cost as day_expected_cost,
        charge_date as told_date
    from leaking
    where
        smallest_step > 0.08 * growth
        and largest_step < 0.6 * growth
        and week_cost > old_week_cost
),

-- Up to two usual days between unusual ones, a week between days of a leak, do not end an anomaly.
starts as (
    select
        *,
        coalesce(
            step - lag(step) over (partition by series, kind order by step) > joined_days, true
        ) as is_start
    from unusual_days
),

numbered as (
    select
        *,
        max(case when is_start then charge_date end) over (partition by series, kind order by step) as first_date
    from starts
),

runs as (
    select
        series,
        kind,
        x_source,
        project,
        service_name,
        usage_type,
        billing_currency,
        team,
        horizon,
        first_date,
        max(charge_date) as last_date,
        count(*) as day_count,
        -- A leak is what its last week costs, against the same week four weeks earlier.
        -- Half of what the first day had too much is usual a week later.
        coalesce(
            arg_min(following_value - usual_value, step) >= arg_min(value - expected_value, step) / 2, false
        ) as has_stayed,
        sum(day_cost) as all_cost,
        sum(day_expected_cost) as all_expected_cost,
        arg_max(day_cost, step) as last_cost,
        arg_max(day_expected_cost, step) as last_expected_cost,
        list(charge_date) as unusual_dates,
        max(least((value - expected_value) / nullif(usual_spread, 0), 99)) as score,
        arg_max(usual_spread, value - expected_value) as spread_value,
        arg_max(threshold_value, value - expected_value) as threshold_value,
        arg_max(floor_value, value - expected_value) as floor_value,
        arg_min(history_count, step) as history_day_count,
        list(told_date order by step) as told_dates
    from numbered
    group by all
),

found as (
    select
        * exclude (all_cost, all_expected_cost, last_cost, last_expected_cost, told_dates, has_stayed),
        told_dates[case when kind = 'slow_leak' then {{ days_of_a_leak }} else 1 end] as detected_date,
        -- Ids of charges are hexadecimal digits alone: `mlspend explain` takes both.
        concat('anomaly-', substring(md5(concat_ws(chr(31), series, kind, first_date)), 1, 16)) as anomaly_id,
        case
            when kind = 'spike' and (day_count >= {{ days_of_a_shift }} or has_stayed) then 'level_shift'
            else kind
        end as anomaly_kind,
        case when kind = 'slow_leak' then last_cost else all_cost end as actual_cost,
        case when kind = 'slow_leak' then last_expected_cost else all_expected_cost end as expected_cost
    from runs
    where
        last_date > horizon - {{ weeks_told * 7 }}
        and (kind <> 'slow_leak' or day_count >= {{ days_of_a_leak }})
),

told as (
    select
        *,
        actual_cost - expected_cost as excess_cost,
        last_date = horizon as is_open
    from found
),

-- The days of an anomaly, and what they are compared with: the four weeks before it, of a leak the week four weeks
-- before.
compared_days as (
    select
        anomaly_id,
        unnest(unusual_dates) as charge_date,
        true as is_now
    from told
    where anomaly_kind <> 'slow_leak'
    union all
    select
        anomaly_id,
        cast(unnest(generate_series(first_date - 28, first_date - 1, interval 1 day)) as date) as charge_date,
        false as is_now
    from told
    where anomaly_kind <> 'slow_leak'
    union all
    select
        anomaly_id,
        cast(unnest(generate_series(last_date - 6, last_date, interval 1 day)) as date) as charge_date,
        true as is_now
    from told
    where anomaly_kind = 'slow_leak'
    union all
    select
        anomaly_id,
        cast(unnest(generate_series(last_date - 34, last_date - 28, interval 1 day)) as date) as charge_date,
        false as is_now
    from told
    where anomaly_kind = 'slow_leak'
),

composition as (
    select
        told.anomaly_id,
        told.expected_cost,
        used.pricing_unit,
        concat_ws(', ', used.sku_id, used.pricing_category, used.commitment_discount_status) as component,
        coalesce(sum(cast(used.effective_cost as double)) filter (where compared_days.is_now), 0) as cost_now,
        sum(used.pricing_quantity) filter (where compared_days.is_now) as quantity_now,
        coalesce(sum(cast(used.effective_cost as double)) filter (where not compared_days.is_now), 0) as cost_before,
        sum(used.pricing_quantity) filter (where not compared_days.is_now) as quantity_before
    from told
    inner join compared_days on told.anomaly_id = compared_days.anomaly_id
    inner join {{ ref('daily_usage') }} as used
        on
            told.x_source = used.x_source
            and told.project = used.project
            and told.billing_currency = used.billing_currency
            and told.service_name is not distinct from used.service_name
            and told.usage_type is not distinct from used.usage_type
            and compared_days.charge_date = used.charge_date
    where used.is_metered
    group by all
),

-- The days before, scaled to what was expected: what they were made of, not how many they were.
scaled as (
    select
        *,
        cast(expected_cost as double) / nullif(sum(cost_before) over (partition by anomaly_id), 0) as scale
    from composition
),

components as (
    select
        * exclude (expected_cost, cost_before, quantity_before, scale),
        cost_before * coalesce(scale, 0) as cost_before,
        quantity_before * coalesce(scale, 0) as quantity_before
    from scaled
),

causes as (
    select * from {{ anomaly_causes('components', 'told') }}
),

details as (
    select
        anomaly_id,
        arg_max(component, abs(cost_now - cost_before)) as cause_detail
    from components
    group by anomaly_id
),

final as (
    select
        told.anomaly_id,
        told.x_source,
        told.project,
        told.team,
        told.service_name,
        told.usage_type,
        told.billing_currency,
        told.anomaly_kind,
        told.first_date,
        told.last_date,
        told.day_count,
        told.is_open,
        told.actual_cost,
        told.expected_cost,
        told.excess_cost,
        told.score,
        causes.price_cost,
        causes.quantity_cost,
        causes.mix_cost,
        causes.unexplained_cost,
        causes.cause,
        nullif(details.cause_detail, '') as cause_detail,
        told.history_day_count,
        told.detected_date,
        cast(round(told.spread_value, 6) as decimal(38, 12)) as spread_cost,
        cast(round(told.threshold_value, 6) as decimal(38, 12)) as threshold_cost,
        cast(round(told.floor_value, 6) as decimal(38, 12)) as floor_cost
    from told
    left join causes on told.anomaly_id = causes.anomaly_id
    left join details on told.anomaly_id = details.anomaly_id
)

select * from final
