{# What it means for the outlook up to which day each source is whole. All sources are read to one common day, so
   that a total never lacks the newest days of one of them. A source that is late by a few days holds that day back; one
   that has been silent for longer would hold everybody back, so what it bears gets no forecast in the meantime; one
   that has been silent for a month has ended. #}
{% set most_days_waited_for = 7 %}
{% set days_until_ended = 31 %}

with sources as (
    select * from {{ ref('complete_sources') }}
),

judged as (
    select
        *,
        max(last_complete_date) over () - last_complete_date as days_behind,
        max(last_usage_date) over () as newest_usage_date
    from sources
),

final as (
    select
        x_source,
        last_complete_date,
        days_behind,
        days_behind > {{ most_days_waited_for }} and days_behind <= {{ days_until_ended }} as is_behind,
        -- Where nothing at all was used since, the files end there, whenever they were written.
        least(
            min(last_complete_date) filter (where days_behind <= {{ most_days_waited_for }}) over (),
            coalesce(newest_usage_date, last_complete_date)
        ) as as_of_date
    from judged
)

select * from final
