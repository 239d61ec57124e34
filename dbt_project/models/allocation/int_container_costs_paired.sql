{# What each container costs of each charge of the node it ran on in that hour. AWS says what a container costs of the
   node's effective cost; billed, list and contracted cost follow in the same ratio. Containers whose node has no cost, or
   is not in this export, have a row without a node's charge and without money. #}
with containers as materialized (
    select
        x_line_id as container_line_id,
        billing_account_id,
        sub_account_id,
        billing_currency,
        charge_period_start,
        x_split_parent_id as node_id,
        {{ resource_name_of('x_split_parent_id') }} as node_name,
        resource_id as container_id,
        coalesce(resource_name, resource_id) as container_name,
        tags as container_tags,
        x_split_cost as container_cost
    from {{ ref('focus_costs') }}
    where {{ in_partition() }} and x_split_parent_id is not null and x_split_cost <> 0
),

demands as (
    select
        billing_account_id,
        sub_account_id,
        billing_currency,
        charge_period_start,
        node_name,
        sum(container_cost) as containers_cost
    from containers
    group by all
),

node_lines as materialized (
    select
        charges.x_line_id as node_line_id,
        charges.billed_cost as node_billed_cost,
        charges.effective_cost as node_effective_cost,
        charges.list_cost as node_list_cost,
        charges.contracted_cost as node_contracted_cost,
        demands.*,
        sum(charges.effective_cost) over (
            partition by
                demands.billing_account_id,
                demands.sub_account_id,
                demands.billing_currency,
                demands.charge_period_start,
                demands.node_name
        ) as node_cost
    from (
        select *
        from {{ ref('focus_costs') }}
        where {{ in_partition() }} and x_split_parent_id is null and {{ runs_an_instance() }}
    ) as charges
    inner join demands
        on
            {{ resource_name_of('charges.resource_id') }} = demands.node_name
            and charges.charge_period_start = demands.charge_period_start
            and charges.billing_account_id = demands.billing_account_id
            and charges.sub_account_id = demands.sub_account_id
            and charges.billing_currency = demands.billing_currency
),

nodes as (
    select distinct
        billing_account_id,
        sub_account_id,
        billing_currency,
        charge_period_start,
        node_name,
        node_cost,
        containers_cost
    from node_lines
),

-- One for each container, and one for what stays on the node, so that a charge is split to the last quantum.
pieces as (
    select
        node_lines.*,
        containers.container_line_id,
        containers.container_cost as piece_cost
    from node_lines
    inner join containers
        using (billing_account_id, sub_account_id, billing_currency, charge_period_start, node_name)
    where node_lines.node_cost > 0
    union all by name
    select
        *,
        cast(null as varchar) as container_line_id,
        node_cost - containers_cost as piece_cost
    from node_lines
    where node_cost > 0
),

weighted as (
    select
        *,
        cast(piece_cost * 1000000000000 as hugeint) as piece_weight,
        cast(node_effective_cost * 1000000000000 as hugeint) as line_weight,
        cast(node_cost * 1000000000000 as hugeint) as total_weight,
        coalesce(container_line_id, node_line_id) as effective_group
    from pieces
),

split as (
    select
        container_line_id,
        node_line_id,
        {{ split_amount('node_billed_cost', 'piece_weight', 'total_weight', 'node_line_id', 'container_line_id') }}
            as billed_cost,
        {{ split_amount('piece_cost', 'line_weight', 'total_weight', 'effective_group', 'node_line_id') }}
            as effective_cost,
        {{ split_amount('node_list_cost', 'piece_weight', 'total_weight', 'node_line_id', 'container_line_id') }}
            as list_cost,
        {{ split_amount('node_contracted_cost', 'piece_weight', 'total_weight', 'node_line_id', 'container_line_id') }}
            as contracted_cost
    from weighted
),

final as (
    select
        containers.container_line_id,
        containers.container_id,
        containers.container_name,
        containers.container_tags,
        containers.container_cost,
        containers.node_id,
        split.node_line_id,
        nodes.node_cost,
        nodes.containers_cost,
        coalesce(split.billed_cost, 0) as billed_cost,
        coalesce(split.effective_cost, 0) as effective_cost,
        coalesce(split.list_cost, 0) as list_cost,
        coalesce(split.contracted_cost, 0) as contracted_cost
    from containers
    left join nodes
        using (billing_account_id, sub_account_id, billing_currency, charge_period_start, node_name)
    left join split on containers.container_line_id = split.container_line_id
)

select * from final
