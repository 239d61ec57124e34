{# Charges with their owners: each takes that of the combination it belongs to. #}
{% for rules_name, rules in rules_in_use().items() %}
    select * from (
        with charges as (
            select
                *,
                {{ asked_of_charges(rules) }}
            from {{ ref('focus_costs') }}
            where {{ in_partition() }} and {{ in_rules(rules_name) }}
        ),

        combinations as (
            select * from {{ ref('int_combinations_attributed') }}
            where {{ in_partition() }}
        ),

        final as (
            select
                charges.*,
                combinations.project,
                combinations.team,
                combinations.environment,
                combinations.ml_stage,
                combinations.is_shared_cost,
                combinations.x_attributed_by,
                combinations.x_matched_rule_id
            from charges
            left join combinations on {{ is_combination_of_charge(rules) }}
        )

        select * from final
    )
    {{ "union all by name" if not loop.last }}
{% endfor %}
