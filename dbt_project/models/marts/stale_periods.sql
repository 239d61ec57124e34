{{ config(materialized='table') }}

select
    x_source,
    billing_period,
    version,
    kind,
    cast(stale_since as timestamp) as stale_since,
    reasons
from {{ input_rows('stale_periods', {
    'x_source': 'varchar', 'billing_period': 'varchar', 'version': 'varchar', 'kind': 'varchar',
    'stale_since': 'varchar', 'reasons': 'varchar',
}) }}
