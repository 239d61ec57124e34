{{ config(materialized='table') }}

select
    cast(null as varchar) as anomaly_id,
    cast(null as varchar) as x_source,
    cast(null as varchar) as project,
    cast(null as varchar) as team,
    cast(null as varchar) as service_name,
    cast(null as varchar) as usage_type,
    cast(null as varchar) as billing_currency,
    cast(null as varchar) as anomaly_kind,
    cast(null as date) as first_date,
    cast(null as date) as last_date,
    cast(null as bigint) as day_count,
    cast(null as boolean) as is_open,
    cast(null as decimal(38, 12)) as actual_cost,
    cast(null as decimal(38, 12)) as expected_cost,
    cast(null as decimal(38, 12)) as excess_cost,
    cast(null as double) as score,
    cast(null as decimal(38, 12)) as price_cost,
    cast(null as decimal(38, 12)) as quantity_cost,
    cast(null as decimal(38, 12)) as mix_cost,
    cast(null as varchar) as cause,
    cast(null as varchar) as cause_detail,
    cast(null as bigint) as history_day_count,
    cast(null as date) as detected_date
where false
