{# Combinations of what tags and rules ask, as the CTEs combinations, tagged and linked: the charges of focus_costs for
   which `condition` holds, what their tags name, and what their resources lead to. #}
{% macro asked_combinations(rules, condition) -%}
combinations as (
    select
        x_source,
        billing_account_id,
        billing_period,
        sub_account_id,
        billing_currency,
        {{ asked_of_combinations(rules) }},
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        count(*) as line_count
    from {{ ref('focus_costs') }}
    where {{ condition }}
    group by all
),

tagged as (
    select
        combinations.*,
        {{ named_value(rules, 'project') }} as named_project,
        {{ named_value(rules, 'team') }} as named_team,
        {{ named_value(rules, 'environment') }} as named_environment,
        {{ named_value(rules, 'ml_stage') }} as named_ml_stage,
        {{ arn_part('combinations.resource_id', 'kind') }} as resource_kind,
        {{ arn_part('combinations.resource_id', 'name') }} as arn_name,
        {{ arn_part('combinations.resource_id', 'namespace') }} as pod_namespace,
        {{ arn_part('combinations.resource_id', 'cluster') }} as pod_cluster
    from combinations
    left join {{ tag_names(rules, 'project') }} as project_names on {{ is_named('project') }}
    left join {{ tag_names(rules, 'team') }} as team_names on {{ is_named('team') }}
    left join {{ tag_names(rules, 'environment') }} as environment_names on {{ is_named('environment') }}
    left join {{ tag_names(rules, 'ml_stage') }} as ml_stage_names on {{ is_named('ml_stage') }}
),

linked as (
    select
        tagged.*,
        links.project as linked_project
    from tagged
    left join {{ linked_projects(rules) }} as links
        on {{ link_key('tagged.resource_id') }} = links.resource and tagged.as_of = links.as_of
)
{%- endmacro %}


{# Of each rule, in their order, how many charges it is asked of on its days, and how many of them it matches: two lists. #}
{% macro rule_matches(rules) -%}
    [
        {%- for rule in rules.get("rules", []) %}
        coalesce(sum(line_count) filter (where {{ rule_days(rule) | join(" and ") or "true" }}), 0){{ "," if not loop.last }}
        {%- endfor %}
    ] as asked,
    [
        {%- for rule in rules.get("rules", []) %}
        coalesce(sum(line_count) filter (where {{ rule_condition(rules, rule) }}), 0){{ "," if not loop.last }}
        {%- endfor %}
    ] as matched
{%- endmacro %}
