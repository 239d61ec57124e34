{{ config(keeps_rows=true) }}

select
    cast(null as varchar) as build_id,
    cast(null as timestamp) as checked_at,
    cast(null as varchar) as layer,
    cast(null as varchar) as suite,
    cast(null as varchar) as expectation,
    cast(null as varchar) as subject,
    cast(null as varchar) as x_source,
    cast(null as varchar) as billing_period,
    cast(null as boolean) as is_success,
    cast(null as boolean) as is_evaluated,
    cast(null as bigint) as unexpected_count,
    cast(null as varchar) as sample, -- noqa: RF04
    cast(null as varchar) as severity,
    cast(null as varchar) as effect,
    cast(null as varchar) as reason,
    cast(null as varchar) as check_name
where false
