{#- A year: a verdict of the 13 weeks that anomalies tells of rests on up to 44 weeks, which are the memory of
    robust_bands, the same day of two months before (the 29th, up to four), and the memory of that. More would usage_cost time
    at every build and change no verdict. -#}
{%- set weeks_read = 52 -%}
{#- Two whole weeks: the second gives the errors of the first one's expectation. -#}
{%- set days_needed = 14 -%}

with settings as (
    select * from {{ input_rows('anomaly_settings', {
        'project': 'varchar',
        'minimum_cost': 'double',
        'minimum_percent': 'double',
        'minimum_spend_percent': 'double',
        'sensitivity': 'double',
        'leak_percent': 'double',
    }) }}
),

-- Where nothing at all was used since, the files end there, whenever they were written.
horizons as (
    select
        x_source,
        least(last_complete_date, last_usage_date) as horizon
    from {{ ref('complete_sources') }}
),

metered as (
    select
        used.x_source,
        used.project,
        used.service_name,
        used.usage_type,
        used.billing_currency,
        used.charge_date,
        horizons.horizon,
        arg_max(used.team, used.effective_cost) as team,
        sum(used.effective_cost) as usage_cost
    from {{ ref('daily_usage') }} as used
    inner join horizons on used.x_source = horizons.x_source
    where
        used.is_metered
        and used.charge_date <= horizons.horizon
        and used.charge_date > horizons.horizon - {{ weeks_read * 7 }}
    group by all
),

projects as (
    select
        x_source,
        project,
        billing_currency,
        horizon,
        min(charge_date) as first_date
    from metered
    group by all
),

calendar as (
    select
        *,
        cast(unnest(generate_series(first_date, horizon, interval 1 day)) as date) as charge_date
    from projects
),

project_days as (
    select
        calendar.x_source,
        calendar.project,
        calendar.billing_currency,
        calendar.horizon,
        calendar.charge_date,
        sum(coalesce(spend.usage_cost, 0)) over (
            partition by calendar.x_source, calendar.project, calendar.billing_currency
            order by calendar.charge_date rows between 30 preceding and 1 preceding
        ) as month_cost
    from calendar
    left join (
        select
            x_source,
            project,
            billing_currency,
            charge_date,
            sum(usage_cost) as usage_cost
        from metered
        group by all
    ) as spend
        on
            calendar.x_source = spend.x_source
            and calendar.project = spend.project
            and calendar.billing_currency = spend.billing_currency
            and calendar.charge_date = spend.charge_date
),

-- What never cost as much as the floor cannot be above it.
series as (
    select
        md5(concat_ws(
            chr(31),
            metered.x_source,
            metered.project,
            metered.billing_currency,
            coalesce(metered.service_name, chr(30)),
            coalesce(metered.usage_type, chr(30))
        )) as series,
        metered.x_source,
        metered.project,
        metered.service_name,
        metered.usage_type,
        metered.billing_currency,
        arg_max(metered.team, metered.charge_date) as team,
        any_value(case when own.project is null then general else own end) as setting
    from metered
    inner join settings as general on general.project is null
    left join settings as own on metered.project = own.project
    group by all
    having max(metered.usage_cost) >= any_value(coalesce(own.minimum_cost, general.minimum_cost))
),

-- Every day since the project began: a usage type that is new to it had no cost before.
days as (
    select
        series.series,
        project_days.charge_date,
        project_days.horizon,
        project_days.month_cost,
        datediff('day', date '2000-01-03', project_days.charge_date) as step,
        coalesce(metered.usage_cost, 0) as usage_cost,
        cast(coalesce(metered.usage_cost, 0) as double) as value, -- noqa: RF04
        case
            when project_days.charge_date > last_day(project_days.charge_date) - 2
                then cast(datediff('day', last_day(project_days.charge_date), project_days.charge_date) as bigint) - 1
            else day(project_days.charge_date)
        end as place,
        day(project_days.charge_date) <= 2
        or project_days.charge_date > last_day(project_days.charge_date) - 2 as is_edge,
        sum(cast(coalesce(metered.usage_cost, 0) as double)) over (
            partition by
                series.x_source, series.project, series.billing_currency, series.service_name, project_days.charge_date
        ) as service_value
    from series
    inner join project_days
        on
            series.x_source = project_days.x_source
            and series.project = project_days.project
            and series.billing_currency = project_days.billing_currency
    left join metered
        on
            series.x_source = metered.x_source
            and series.project = metered.project
            and series.billing_currency = metered.billing_currency
            and series.service_name is not distinct from metered.service_name
            and series.usage_type is not distinct from metered.usage_type
            and project_days.charge_date = metered.charge_date
),

bands as (
    select
        *,
        -- What the whole service of the project costs more than in the median of six weeks.
        service_value - median(service_value) over (
            partition by series order by step rows between 42 preceding and 1 preceding
        ) as service_rise,
        -- The median of the week that begins with the day, once it is over.
        lead(usual_value, 7) over by_step as following_value,
        lag(level, 7) over by_step as level_7,
        lag(level, 14) over by_step as level_14,
        lag(level, 21) over by_step as level_21,
        lag(level, 28) over by_step as level_28,
        sum(usage_cost) over (partition by series order by step rows between 6 preceding and current row) as week_cost,
        sum(usage_cost) over (
            partition by series order by step rows between 34 preceding and 28 preceding
        ) as old_week_cost
    from {{ robust_bands('days', 7) }}
    window by_step as (partition by series order by step)
),

-- A provider's corrections of days that were known before, which are told per service.
corrections as (
    select
        x_source,
        billing_currency,
        service_name,
        charge_date,
        sum(cast(effective_cost_change as double)) as corrected_value,
        max(cast(known_at as date)) as corrected_date
    from {{ ref('spend_changes') }}
    where change_kind = 'restated' and charge_category = 'Usage'
    group by all
),

thresholds as (
    select
        bands.*,
        series.x_source,
        series.project,
        series.team,
        series.service_name,
        series.usage_type,
        series.billing_currency,
        series.setting,
        corrections.corrected_value,
        corrections.corrected_date,
        -- Where every day was alike, a hundredth of the cost is still no surprise.
        greatest(bands.spread, bands.expected_value / 100) as usual_spread,
        greatest(
            series.setting.minimum_cost,
            bands.month_cost * series.setting.minimum_spend_percent / 100,
            bands.expected_value * series.setting.minimum_percent / 100
        ) as floor_value
    from bands
    inner join series on bands.series = series.series
    left join corrections
        on
            series.x_source = corrections.x_source
            and series.billing_currency = corrections.billing_currency
            and series.service_name is not distinct from corrections.service_name
            and bands.charge_date = corrections.charge_date
),

final as (
    select
        *,
        greatest(
            expected_value + floor_value,
            coalesce(busiest_value, expected_value + setting.sensitivity * usual_spread)
        ) as threshold_value
    from thresholds
    where history_count >= {{ days_needed }}
)

select * from final
