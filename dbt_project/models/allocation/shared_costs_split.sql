{{ config(materialized='lake', schema='marts', contract={'enforced': true}) }}

-- depends_on: {{ ref('attributed_costs') }}, {{ ref('focus_costs') }}
{#- Lines are read twice: once as sums by project, which are the weights, once as sums by day and service of what is
    filed under shared costs. Each step of splitting is a relation over these sums, and over the steps before it. #}
with rows_of_splits as (
    {% for rules_name, rules in rules_in_use().items() if rules.get("shared_costs") %}
    select * from (
        with spend as materialized (
            select
                billing_account_id,
                billing_currency,
                project,
                is_shared_cost,
                sum(effective_cost) as effective_cost
            from (
                select * from {{ ref('attributed_costs') }}
                union all by name
                select * from {{ ref('container_costs_split') }}
            )
            where {{ in_partition() }} and {{ in_rules(rules_name) }}
            group by all
        ),

        -- Who answers for a project where no ownership says so: the team that bears most of its spend.
        usual_teams as (
            select
                billing_account_id,
                billing_currency,
                project,
                arg_max(team, (effective_cost, team)) as team
            from (
                select
                    billing_account_id,
                    billing_currency,
                    project,
                    team,
                    sum(effective_cost) as effective_cost
                from {{ ref('attributed_costs') }}
                where
                    {{ in_partition() }} and {{ in_rules(rules_name) }}
                    and not is_shared_cost and team <> 'unattributed'
                group by all
            )
            group by all
        ),

        charges as materialized (
            select
                {{ split_grain() | join(", ") }},
                project,
                is_shared_cost,
                team,
                environment,
                ml_stage,
                {%- for amount in split_amounts() %}
                sum({{ amount }}) as {{ amount }}{{ "," if not loop.last }}
                {%- endfor %}
            from (
                select * from {{ ref('attributed_costs') }}
                union all by name
                select * from {{ ref('container_costs_split') }}
            )
            where {{ in_partition() }} and {{ in_rules(rules_name) }} and is_shared_cost
            group by all
        ),

        weighted as materialized (
            select
                *,
                sum(weight) over (partition by pool, billing_account_id, billing_currency) as total
            from (
                {{ split_weights(rules.shared_costs, rules_name) | indent(16) }}
            )
            where weight > 0
        ),

        {% set steps = rules.shared_costs | map(attribute="step") | max -%}
        {% for step in range(1, steps + 1) %}
        step_{{ step }} as materialized (
            {{ split_step(rules.shared_costs, step) }}
        ),
        {% endfor %}

        teams as (
            select * from {{ project_teams(rules) }}
        )

        select
            splits.* replace (
                case
                    when splits.recipient is null or splits.is_shared_cost then splits.team
                    else coalesce(teams.team, usual_teams.team)
                end as team
            )
        from (
            {%- for step in range(1, steps + 1) %}
            select * from step_{{ step }}
            {{ "union all by name" if not loop.last }}
            {%- endfor %}
        ) as splits
        left join teams
            on
                splits.project = teams.project
                and splits.charge_date between teams.valid_from and teams.valid_to
        left join usual_teams
            on
                splits.project = usual_teams.project
                and splits.billing_account_id = usual_teams.billing_account_id
                and splits.billing_currency = usual_teams.billing_currency
    )
    union all by name
    {% endfor %}
    select
        *,
        cast(null as varchar) as recipient
    from {{ ref('container_costs_split') }}
    where {{ in_partition() }} and false
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
    cast(null as varchar) as resource_id,
    charge_category,
    commitment_discount_status,
    invoice_id,
    project,
    coalesce(team, 'unattributed') as team,
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
    'shared_cost' as x_attributed_by,
    cast(null as varchar) as x_matched_rule_id,
    x_allocated_from,
    allocated_method_id,
    allocated_method_details,
    recipient as allocated_resource_id,
    recipient as allocated_resource_name,
    cast(null as map (varchar, varchar)) as allocated_tags
from rows_of_splits
