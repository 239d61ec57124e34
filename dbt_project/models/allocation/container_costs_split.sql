{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

select *
from {{ ref('attributed_costs') }}
where {{ in_partition() }} and false
