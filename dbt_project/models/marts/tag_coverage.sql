{# Lines as billed come by their combinations, so that no tag is read again; what is split is what the splits say. #}
with combinations as (
    select * from {{ ref('int_combinations_attributed') }}
    where {{ in_partition() }}
),

splits as (
    select * from {{ ref('container_costs_split') }}
    where {{ in_partition() }}
    union all by name
    select * from {{ ref('shared_costs_split') }}
    where {{ in_partition() }}
),

covered as (
    {% for dimension in ['project', 'team', 'environment', 'ml_stage'] %}
        select
            billing_account_id,
            sub_account_id,
            team,
            '{{ dimension }}' as dimension,
            {{ covered_by(dimension) }} as covered_by,
            {{ tag_status(dimension) }} as tag_status,
            billing_currency,
            billed_cost,
            effective_cost
        from combinations
        union all
    {% endfor %}
    select
        splits.billing_account_id,
        splits.sub_account_id,
        splits.team,
        dimensions.dimension,
        splits.x_attributed_by as covered_by,
        cast(null as varchar) as tag_status,
        splits.billing_currency,
        splits.billed_cost,
        splits.effective_cost
    from splits
    cross join (select unnest(['project', 'team', 'environment', 'ml_stage']) as dimension) as dimensions
),

final as (
    select
        {{ partition_source() }} as x_source,
        billing_account_id,
        {{ partition_period() }} as billing_period,
        sub_account_id,
        team,
        dimension,
        covered_by,
        tag_status,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from covered
    group by all
)

select * from final
