{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

select *
from {{ ref('container_costs_split') }}
where {{ in_partition() }} and false
