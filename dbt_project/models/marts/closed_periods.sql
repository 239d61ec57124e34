{{ config(materialized='table') }}

select
    source as x_source,
    billing_period,
    cast(closed_at as timestamp) as closed_at,
    closed_by,
    note,
    build_id,
    rules
from {{ input_rows('closed_periods', {
    'source': 'varchar', 'billing_period': 'varchar', 'closed_at': 'varchar', 'closed_by': 'varchar',
    'note': 'varchar', 'build_id': 'varchar', 'rules': 'varchar',
}) }}
