{# Whom the tags of a charge name: of each dimension the first configured key that carries a value, as the name that
   this value stands for. #}
{% for rules_name, rules in rules_in_use().items() %}
    (
        with charges as (
            select
                *,
                {{ first_tag(rules, 'project') }} as tagged_project,
                {{ first_tag(rules, 'team') }} as tagged_team,
                {{ first_tag(rules, 'environment') }} as tagged_environment,
                {{ first_tag(rules, 'ml_stage') }} as tagged_ml_stage
            from {{ ref('focus_costs') }}
            where {{ in_partition() }} and {{ in_rules(rules_name) }}
        ),

        final as (
            select
                charges.*,
                {{ named_value(rules, 'project') }} as named_project,
                {{ named_value(rules, 'team') }} as named_team,
                {{ named_value(rules, 'environment') }} as named_environment,
                {{ named_value(rules, 'ml_stage') }} as named_ml_stage,
                projects.team as project_team
            from charges
            left join
                {{ tag_names(rules, 'project') }} as project_names
                on charges.tagged_project = project_names.tagged
            left join {{ tag_names(rules, 'team') }} as team_names on charges.tagged_team = team_names.tagged
            left join {{ tag_names(rules, 'environment') }} as environment_names
                on charges.tagged_environment = environment_names.tagged
            left join {{ tag_names(rules, 'ml_stage') }} as ml_stage_names
                on charges.tagged_ml_stage = ml_stage_names.tagged
            left join {{ project_teams(rules) }} as projects
                on {{ named_value(rules, 'project') }} = projects.project
        )

        select * from final
    )
    {{ "union all by name" if not loop.last }}
{% endfor %}
