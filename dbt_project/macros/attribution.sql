{# Attribution by tags. The plan holds, from mlspend.yml, the names that tag values stand for and, from the receipts, the
   tag keys as they were delivered, sorted by which of them wins. Both are few, so they are written into the SQL.

   Partitions may be attributed by different rules: a closed month keeps those it was closed with. A model that depends
   on rules is a union over `rules_in_use()`, of which `in_rules` lets one branch through. #}

{# The rules of this build by their names; the macros below take one of them. #}
{% macro rules_in_use() %}
    {{ return(plan().get("rules", {"": {}})) }}
{% endmacro %}


{# Condition that is true where the partition is attributed by the rules of this name; DuckDB drops the other branches. #}
{% macro in_rules(name) -%}
    coalesce(getvariable('rules'), '') = {{ quoted(name) }}
{%- endmacro %}


{# Value of the first tag of this dimension that has one, in lower case. #}
{% macro first_tag(rules, dimension) -%}
    {%- set keys = rules.get("delivered_keys", {}).get(dimension, []) -%}
    lower(trim(coalesce(
        {%- for key in keys %}
        nullif(tags[{{ quoted(key) }}], ''),
        {%- endfor %}
        cast(null as varchar)
    )))
{%- endmacro %}


{# Relation (tagged, name): the values that may stand in such a tag, in lower case, and what they stand for. #}
{% macro tag_names(rules, dimension) -%}
    {%- set names = rules.get("tag_values", {}).get(dimension, {}) -%}
    (
        select
            unnest(cast({{ quoted_list(names.keys() | list) }} as varchar[])) as tagged,
            unnest(cast({{ quoted_list(names.values() | list) }} as varchar[])) as name
    )
{%- endmacro %}


{# Where nobody listed projects (or teams), the tag's own value is the name. #}
{% macro named_value(rules, dimension) -%}
    {%- set names = rules.get("tag_values", {}).get(dimension, {}) -%}
    {{ dimension ~ "_names.name" if names else "charges.tagged_" ~ dimension }}
{%- endmacro %}


{# Relation (project, team): who answers for a project. #}
{% macro project_teams(rules) -%}
    {%- set projects = rules.get("projects", []) -%}
    (
        select
            unnest(cast({{ quoted_list(projects | map(attribute="name") | list) }} as varchar[])) as project,
            unnest(cast({{ quoted_list(projects | map(attribute="team") | list) }} as varchar[])) as team
    )
{%- endmacro %}
