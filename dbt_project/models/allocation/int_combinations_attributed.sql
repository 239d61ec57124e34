{{ config(materialized='build_files', contract={'enforced': true}) }}

{# Who owns what, for every combination of what tags and rules ask of a charge: there are far fewer of these than of
   charges, so that five hundred rules are asked of few rows. #}
{% for rules_name, rules in rules_in_use().items() %}
    select * from (
        with {{ asked_combinations(rules, in_partition() ~ ' and ' ~ in_rules(rules_name)) }},

        matched as (
            select
                *,
                {{ first_rule(rules, 'owner') }} as owner_rule,
                {{ first_rule(rules, 'team') }} as team_rule,
                {{ first_rule(rules, 'environment') }} as environment_rule,
                {{ first_rule(rules, 'ml_stage') }} as ml_stage_rule
            from linked
        ),

        ruled as (
            select
                *,
                {{ named_by_rules(rules, 'id') }}[owner_rule] as x_matched_rule_id,
                {{ named_by_rules(rules, 'shared') }}[owner_rule] as shared_cost,
                case
                    when owner_rule is null then named_project
                    else coalesce({{ named_by_rules(rules, 'project') }}[owner_rule], linked_project)
                end as owning_project,
                {{ named_by_rules(rules, 'team') }}[team_rule] as ruled_team,
                {{ named_by_rules(rules, 'environment') }}[environment_rule] as ruled_environment,
                {{ named_by_rules(rules, 'ml_stage') }}[ml_stage_rule] as ruled_ml_stage
            from matched
        ),

        final as (
            select
                ruled.* exclude (
                    resource_kind, arn_name, pod_namespace, pod_cluster, linked_project, owner_rule, team_rule,
                    environment_rule, ml_stage_rule, shared_cost, owning_project
                ),
                projects.team as project_team,
                coalesce(ruled.shared_cost, ruled.owning_project, 'unattributed') as project,
                coalesce(projects.team, ruled.named_team, ruled.ruled_team, 'unattributed') as team,
                coalesce(ruled.named_environment, ruled.ruled_environment, 'unknown') as environment,
                coalesce(ruled.named_ml_stage, ruled.ruled_ml_stage, 'unknown') as ml_stage,
                ruled.shared_cost is not null as is_shared_cost,
                case
                    when {{ named_by_rules(rules, 'linked') }}[ruled.owner_rule] is not null then 'linked_resource'
                    when ruled.owner_rule is not null then 'rule'
                    when ruled.named_project is not null then 'tag'
                    else 'none'
                end as x_attributed_by
            from ruled
            left join
                {{ project_teams(rules) }} as projects
                on
                    ruled.shared_cost is null
                    and ruled.owning_project = projects.project
                    and ruled.as_of between projects.valid_from and projects.valid_to
        )

        select * from final
    )
    {{ "union all by name" if not loop.last }}
{% endfor %}
