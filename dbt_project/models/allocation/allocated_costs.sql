{{ config(materialized='published_view', schema='marts', contract={'enforced': true}) }}

select * from {{ ref('attributed_costs').include(database=false) }}
union all by name
select * from {{ ref('container_costs_split').include(database=false) }}
union all by name
select * from {{ ref('shared_costs_split').include(database=false) }}
