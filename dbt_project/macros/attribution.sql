{# Attribution by tags. The plan holds, from mlspend.yml, the names that tag values stand for and, from the receipts, the
   tag keys as they were delivered, sorted by which of them wins. Both are few, so they are written into the SQL. #}

{# Value of the first tag of this dimension that has one, in lower case. #}
{% macro first_tag(dimension) -%}
    {%- set keys = plan().get("attribution", {}).get("delivered_keys", {}).get(dimension, []) -%}
    lower(trim(coalesce(
        {%- for key in keys %}
        nullif(tags[{{ quoted(key) }}], ''),
        {%- endfor %}
        cast(null as varchar)
    )))
{%- endmacro %}


{# Relation (tagged, name): the values that may stand in such a tag, in lower case, and what they stand for. #}
{% macro tag_names(dimension) -%}
    {%- set names = plan().get("attribution", {}).get("tag_values", {}).get(dimension, {}) -%}
    (
        select
            unnest({{ quoted_list(names.keys() | list) }}) as tagged,
            unnest({{ quoted_list(names.values() | list) }}) as name
    )
{%- endmacro %}


{# Where nobody listed projects (or teams), the tag's own value is the name. #}
{% macro named_value(dimension) -%}
    {%- set names = plan().get("attribution", {}).get("tag_values", {}).get(dimension, {}) -%}
    {{ dimension ~ "_names.name" if names else "charges.tagged_" ~ dimension }}
{%- endmacro %}


{# Relation (project, team): who answers for a project. #}
{% macro project_teams() -%}
    {%- set projects = plan().get("attribution", {}).get("projects", []) -%}
    (
        select
            unnest({{ quoted_list(projects | map(attribute="name") | list) }}) as project,
            unnest({{ quoted_list(projects | map(attribute="team") | list) }}) as team
    )
{%- endmacro %}
