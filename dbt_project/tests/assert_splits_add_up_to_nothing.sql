{# Splitting moves money between owners and nothing else: by all that a share keeps of what it comes from, shares and
   negating rows are nothing together, to the last digit. #}
with rows_of_splits as (
    select
        'container_costs_split' as split_table,
        *
    from {{ ref('container_costs_split') }}
    union all by name
    select
        'shared_costs_split' as split_table,
        *
    from {{ ref('shared_costs_split') }}
),

sums as (
    select
        split_table,
        x_source,
        billing_period,
        {{ split_grain() | join(", ") }},
        coalesce(sum(billed_cost), 0) as billed_cost,
        coalesce(sum(effective_cost), 0) as effective_cost,
        coalesce(sum(list_cost), 0) as list_cost,
        coalesce(sum(contracted_cost), 0) as contracted_cost
    from rows_of_splits
    where {{ in_rebuilt_partitions() }}
    group by all
)

select *
from sums
where billed_cost <> 0 or effective_cost <> 0 or list_cost <> 0 or contracted_cost <> 0
