{# What steps of many series let expect of each next one, and how far it usually lies off: causal, each step by earlier
   steps only, so that a verdict does not change when later ones arrive.

   The level is the median of one season before, each value freed from its place in the season; the factor of a place is
   the median of what it was of its season's mean, over six seasons. Half a season at a new level makes it the usual one.
   The spread comes from the errors of this very expectation over six seasons: their median, or where more than a tenth of
   them is worse than that lets expect (jobs that run now and then) their 90th percentile, both as standard deviations.

     series   relation of `series`, `step` (whole numbers without gaps), `value` (double) and `place`: where the step lies
              in the month, if months matter, else NULL; `is_edge` tells places at its edges
     season   number of steps in a season: 7 days, 24 hours

   Gives its columns, and expected_value, spread, level, usual_value (median of the season before, place or not),
   history_count, has_precedent, and busiest_value: where a series is idle on many steps, the value with which the step,
   or the season that it ends, is half as much again as the busiest of six seasons before; else NULL. #}
{% macro robust_bands(series, season) -%}
{%- set seasons = 6 -%}
{%- set memory = season * seasons -%}
(
    with shares as (
        select
            *,
            count(*) over earlier as history_count,
            median(value) over last_season as usual_value,
            case
                when count(*) over whole_season = {{ season }} and avg(value) over whole_season > 0
                    then value / avg(value) over whole_season
            end as season_share
        from {{ series }}
        window
            earlier as (partition by series order by step rows between {{ memory }} preceding and 1 preceding),
            last_season as (partition by series order by step rows between {{ season }} preceding and 1 preceding),
            whole_season as (partition by series order by step rows between {{ season - 1 }} preceding and current row)
    ),

    factors as (
        select
            *,
            coalesce(
                median(season_share) over (
                    partition by series, step % {{ season }} order by step
                    rows between {{ seasons }} preceding and 1 preceding
                ),
                1
            ) as factor
        from shares
    ),

    levels as (
        select
            *,
            -- A place that has next to nothing tells nothing about the level: it would be divided by almost zero.
            median(case when factor >= 0.05 then value / factor end) over (
                partition by series order by step rows between {{ season }} preceding and 1 preceding
            ) as level
        from factors
    ),

    -- Bills and jobs of the month come again on its days: at its edges once is enough to expect them, elsewhere twice,
    -- because it may have been chance.
    monthly as (
        select
            *,
            lag(value - level * factor, 1) over same_place as last_month,
            lag(value - level * factor, 2) over same_place as month_before
        from levels
        window same_place as (partition by series, place order by step)
    ),

    expectations as (
        select
            *,
            place is null or not is_edge or last_month is not null as has_precedent,
            greatest(
                level * factor + case
                    when place is null then 0
                    when is_edge then greatest(coalesce(last_month, 0), 0)
                    else greatest(least(coalesce(last_month, 0), coalesce(month_before, 0)), 0)
                end,
                0
            ) as expected_value
        from monthly
    ),

    errors as (
        select
            *,
            case when not (is_edge and place is not null) then abs(value - expected_value) end as error,
            sum(value) over (
                partition by series order by step rows between {{ season - 1 }} preceding and current row
            ) as season_value,
            min(value) over (
                partition by series order by step rows between {{ season - 1 }} preceding and 1 preceding
            ) > 0 as busy_before
        from expectations
    )

    select
        * exclude (season_share, factor, last_month, month_before, error, season_value, busy_before),
        -- Median and 90th percentile of errors, as standard deviations of a normal distribution.
        greatest(median(error) over earlier * 1.4826, quantile_cont(error, 0.9) over earlier / 1.645) as spread,
        -- Weekends alone are 2 days in 7, which is less than 0.3: more idle steps than that are no season.
        case
            when avg(cast(value <= 0 as integer)) over earlier > 0.3
                then least(
                    2 * max(value) over earlier,
                    case when busy_before then 1.1 else 1.5 end * max(season_value) over earlier - (season_value - value)
                )
        end as busiest_value
    from errors
    window earlier as (partition by series order by step rows between {{ memory }} preceding and 1 preceding)
)
{%- endmacro %}
