{{ config(materialized='published_view') }}

{# A month becomes final by time passing too, when nothing is delivered and nothing built: so the day is asked for when
   the view is, in UTC whatever the session's time zone. #}
with period_finality as (
    select * from {{ ref('period_finality').include(database=false) }}
),

closed_periods as (
    select * from {{ ref('closed_periods').include(database=false) }}
),

stale_periods as (
    select * from {{ ref('stale_periods').include(database=false) }}
),

final as (
    select
        period_finality.x_source,
        period_finality.billing_account_id,
        period_finality.billing_period,
        period_finality.billing_currency,
        coalesce(period_finality.final_from <= cast(make_timestamp(epoch_us(now())) as date), false) as is_final,
        period_finality.final_from,
        period_finality.final_reason,
        closed_periods.closed_at is not null as is_closed,
        closed_periods.closed_at,
        closed_periods.closed_by,
        closed_periods.note,
        period_finality.line_count,
        period_finality.uninvoiced_line_count,
        period_finality.uninvoiced_cost,
        stale_periods.stale_since is not null as is_stale,
        stale_periods.stale_since,
        stale_periods.reasons as stale_reasons
    from period_finality
    left join closed_periods using (x_source, billing_period)
    left join stale_periods using (x_source, billing_period)
)

select * from final
