{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

{#- Shares and negating rows are the same amounts added up twice, by container and by charge of the node, so whatever is
    rounded they are nothing together. #}
with pairs as materialized (
    select * from {{ ref('int_container_costs_paired') }}
),

owners as materialized (
    select *
    from {{ ref('attributed_costs') }}
    where
        {{ in_partition() }}
        and x_line_id in (
            select container_line_id from pairs
            union
            select node_line_id from pairs
        )
),

-- A share is filed where the node's charge is, and belongs to whom the container does.
shares as (
    select
        {{ split_grain_of("node_owners", "container_owners") }},
        pairs.container_line_id,
        container_owners.project,
        container_owners.team,
        container_owners.environment,
        container_owners.ml_stage,
        container_owners.is_shared_cost,
        container_owners.x_matched_rule_id,
        container_owners.resource_id,
        pairs.container_id as allocated_resource_id,
        pairs.container_name as allocated_resource_name,
        pairs.node_id as x_allocated_from,
        concat(
            '{"split_cost": ', pairs.container_cost,
            ', "containers_cost": ', coalesce(cast(pairs.containers_cost as varchar), 'null'),
            ', "node_cost": ', coalesce(cast(pairs.node_cost as varchar), 'null'), '}'
        ) as allocated_method_details,
        any_value(pairs.container_tags) as allocated_tags,
        min(pairs.node_line_id) as first_node_line_id,
        sum(pairs.billed_cost) as billed_cost,
        sum(pairs.effective_cost) as effective_cost,
        sum(pairs.list_cost) as list_cost,
        sum(pairs.contracted_cost) as contracted_cost
    from pairs
    inner join owners as container_owners on pairs.container_line_id = container_owners.x_line_id
    left join owners as node_owners on pairs.node_line_id = node_owners.x_line_id
    group by all
),

moved as (
    select
        node_line_id,
        min(node_id) as node_id,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(list_cost) as list_cost,
        sum(contracted_cost) as contracted_cost
    from pairs
    where node_line_id is not null
    group by node_line_id
),

negating as (
    select
        {{ split_grain_of("owners") }},
        {{ split_id([quoted('negated'), 'owners.x_line_id']) }} as x_line_id,
        owners.project,
        owners.team,
        owners.environment,
        owners.ml_stage,
        owners.is_shared_cost,
        owners.x_matched_rule_id,
        owners.resource_id,
        moved.node_id as x_allocated_from,
        -moved.billed_cost as billed_cost,
        -moved.effective_cost as effective_cost,
        -moved.list_cost as list_cost,
        -moved.contracted_cost as contracted_cost
    from moved
    inner join owners on moved.node_line_id = owners.x_line_id
),

rows_of_splits as (
    select
        *,
        {{ split_id([quoted('share'), 'container_line_id', 'first_node_line_id']) }} as x_line_id
    from shares
    union all by name
    select * from negating
)

select
    {{ partition_source() }} as x_source,
    billing_account_id,
    {{ partition_period() }} as billing_period,
    x_line_id,
    charge_date,
    sub_account_id,
    provider_name,
    service_name,
    service_category,
    region_id,
    resource_id,
    charge_category,
    commitment_discount_status,
    invoice_id,
    project,
    team,
    environment,
    ml_stage,
    billing_currency,
    billed_cost,
    effective_cost,
    list_cost,
    contracted_cost,
    cast(null as double) as consumed_quantity,
    cast(null as varchar) as consumed_unit,
    cast(null as varchar) as usage_type,
    cast(null as varchar) as sku_id,
    cast(null as varchar) as pricing_category,
    cast(null as double) as pricing_quantity,
    cast(null as varchar) as pricing_unit,
    false as is_metered,
    is_shared_cost,
    'split_cost' as x_attributed_by,
    x_matched_rule_id,
    x_allocated_from,
    'split_cost' as allocated_method_id,
    allocated_method_details,
    allocated_resource_id,
    allocated_resource_name,
    allocated_tags
from rows_of_splits
