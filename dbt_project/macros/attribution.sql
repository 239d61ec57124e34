{# Attribution by tags and rules. The plan holds, from mlspend.yml, what tag values stand for and the rules for what has no
   tag, and, from the receipts, the tag keys as they were delivered, sorted by which of them wins. All are few, so they
   are written into the SQL.

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


{# A tag's value without case, outer separators and the choice of separators: core/attribution.py does the same. #}
{% macro canonical_value(text) -%}
    nullif(trim(regexp_replace(lower({{ text }}), '[\t\n\v\f\r \x{00a0}_\-./:]+', '-', 'g'), '-'), '')
{%- endmacro %}


{# Value of the first of these keys that has one, as tagged; what is nothing but separators is none. A cost category is
   asked by its name, as it is and as AWS folds the names of tags. #}
{% macro first_tag(keys) -%}
    {%- set values = [] -%}
    {%- for key in keys -%}
        {%- if key.startswith("cost_category/") -%}
            {%- set name = key[14:] -%}
            {%- do values.append("x_cost_categories[" ~ quoted(name) ~ "]") -%}
            {%- set folded = name | lower | replace(" ", "_") | replace("-", "_") -%}
            {%- do values.append("x_cost_categories[" ~ quoted(folded) ~ "]") -%}
        {%- else -%}
            {%- do values.append("tags[" ~ quoted(key) ~ "]") -%}
        {%- endif -%}
    {%- endfor -%}
    coalesce(
        {%- for value in values %}
        case when regexp_matches({{ value }}, '[^\t\n\v\f\r \x{00a0}_\-./:]') then {{ value }} end,
        {%- endfor %}
        cast(null as varchar)
    )
{%- endmacro %}


{# What attribution asks of a charge, {column of int_combinations_attributed: expression over focus_costs}: charges that
   are alike in it have the same owner. Only what these rules ask, so that there are few combinations. #}
{% macro asked_columns(rules) %}
    {% set columns = {} %}
    {% if rules.get("turning_days") %}
        {% do columns.update({"as_of": as_of(rules.turning_days)}) %}
    {% endif %}
    {% for dimension, keys in rules.get("delivered_keys", {}).items() if keys %}
        {% do columns.update({"tagged_" ~ dimension: first_tag(keys)}) %}
    {% endfor %}
    {% set plain = {
        "accounts": ["sub_account_id"], "billing_accounts": ["billing_account_id"], "sources": [],
        "services": ["x_service_code", "service_name"], "usage_type": ["x_usage_type"], "operation": ["x_operation"],
        "resource": ["resource_id", "resource_name"], "resource_kind": ["resource_id"],
        "resource_name": ["resource_id"], "charge_categories": ["charge_category"],
        "line_item_types": ["x_line_item_type"], "commitment_status": ["commitment_discount_status"],
        "namespace": ["resource_id"], "cluster": ["resource_id"], "linked": ["resource_id"], "tags": [],
    } %}
    {% for rule in rules.get("rules", []) %}
        {% for condition in rule.when %}
            {% for column in plain[condition] %}
                {% do columns.update({column: column}) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% if rules.get("rule_keys") %}
        {% set values = [] %}
        {% for keys in rules.rule_keys.values() %}
            {% do values.append(first_tag(keys)) %}
        {% endfor %}
        {% do columns.update({"rule_tags": "[" ~ (values | join(", ")) ~ "]"}) %}
    {% endif %}
    {{ return(columns) }}
{% endmacro %}


{# The columns of int_combinations_attributed that hold what is asked, with their types. #}
{% macro combination_columns() %}
    {{ return({
        "as_of": "date", "tagged_project": "varchar", "tagged_team": "varchar", "tagged_environment": "varchar",
        "tagged_ml_stage": "varchar", "x_service_code": "varchar", "service_name": "varchar",
        "x_usage_type": "varchar", "x_operation": "varchar", "resource_id": "varchar", "resource_name": "varchar",
        "charge_category": "varchar", "x_line_item_type": "varchar", "commitment_discount_status": "varchar",
        "rule_tags": "varchar[]",
    }) }}
{% endmacro %}


{# What is asked, as the columns of combinations: in their order, empty where these rules do not ask it. #}
{% macro asked_of_combinations(rules) -%}
    {%- set asked = asked_columns(rules) -%}
    {%- for column, type in combination_columns().items() %}
    {%- set nothing = "date '0001-01-01'" if column == "as_of" else "cast(null as " ~ type ~ ")" %}
    {{ asked.get(column, nothing) }} as {{ column }}{{ "," if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{# The same beside the columns of a charge, as asked_<column>. #}
{% macro asked_of_charges(rules) -%}
    x_line_id as asked_of
    {%- for column, expression in asked_columns(rules).items() %},
    {{ expression }} as asked_{{ column }}
    {%- endfor -%}
{%- endmacro %}


{# Condition that a combination is that of a charge. #}
{% macro is_combination_of_charge(rules) -%}
    {%- set same = [] -%}
    {%- for column in ["billing_account_id", "sub_account_id", "billing_currency"] -%}
        {%- do same.append("charges." ~ column ~ " is not distinct from combinations." ~ column) -%}
    {%- endfor -%}
    {%- for column in asked_columns(rules) if column != "sub_account_id" -%}
        {%- do same.append("charges.asked_" ~ column ~ " is not distinct from combinations." ~ column) -%}
    {%- endfor -%}
    {{ same | join(" and ") }}
{%- endmacro %}


{# Condition that a row of such a relation is what a combination's tag stands for. #}
{% macro is_named(dimension) -%}
    {{ canonical_value("combinations.tagged_" ~ dimension) }} = {{ dimension }}_names.tagged
    and combinations.as_of between {{ dimension }}_names.valid_from and {{ dimension }}_names.valid_to
{%- endmacro %}


{# The first day of the time around charge_date in which nothing of the rules changes. #}
{% macro as_of(days) -%}
    case
        {%- for day in days | reverse %}
        when charge_date >= date {{ quoted(day) }} then date {{ quoted(day) }}
        {%- endfor %}
        else date '0001-01-01'
    end
{%- endmacro %}


{# Relation (tagged, name, valid_from, valid_to): the canonical values of a dimension's tag, and what they stand for. #}
{% macro tag_names(rules, dimension) -%}
    {%- set rows = [] -%}
    {%- for value, name in rules.get("tag_values", {}).get(dimension, {}).items() -%}
        {%- do rows.append({"value": value, "name": name}) -%}
    {%- endfor -%}
    {{ dated_relation(rows + rules.get("dated_values", {}).get(dimension, []), {"value": "tagged", "name": "name"}) }}
{%- endmacro %}


{# Relation (project, team, valid_from, valid_to): who answers for a project. #}
{% macro project_teams(rules) -%}
    {{ dated_relation(rules.get("projects", []), {"name": "project", "team": "team"}) }}
{%- endmacro %}


{# Relation of rows that hold from a day to a day, or for ever.
     columns  {key of the row: column} #}
{% macro dated_relation(rows, columns) -%}
    (
        select
            {%- for key, column in columns.items() %}
            unnest({{ nullable_list(rows, key) }}) as {{ column }},
            {%- endfor %}
            coalesce(cast(unnest({{ nullable_list(rows, "valid_from") }}) as date), date '0001-01-01') as valid_from,
            coalesce(cast(unnest({{ nullable_list(rows, "valid_to") }}) as date), date '9999-12-31') as valid_to
    )
{%- endmacro %}


{# One value of each row as an SQL list of text, NULL where the row has none. #}
{% macro nullable_list(rows, key) -%}
    cast([
        {%- for row in rows -%}
        {{ quoted_or_null(row.get(key)) }}{{ ", " if not loop.last }}
        {%- endfor -%}
    ] as varchar[])
{%- endmacro %}


{# Name that the tags of a dimension lead to. Where nobody listed projects (or teams), it is the tag's own value, unless
   that is what we write where nobody owns or all do: UNOWNED in core/attribution.py. #}
{% macro named_value(rules, dimension) -%}
    {%- if rules.get("tag_values", {}).get(dimension) -%}
    {{ dimension }}_names.name
    {%- else -%}
    {%- set value = canonical_value("combinations.tagged_" ~ dimension) -%}
    nullif(nullif(nullif({{ value }}, 'unattributed'), 'unknown'), 'shared')
    {%- endif -%}
{%- endmacro %}


{# What tells this dimension of a combination: tag, rule, linked_resource or none. A project brings its team along. #}
{% macro covered_by(dimension) -%}
    {%- if dimension == "project" -%}
    x_attributed_by
    {%- else -%}
    case
        {%- if dimension == "team" %}
        when project_team is not null then x_attributed_by
        {%- endif %}
        when named_{{ dimension }} is not null then 'tag'
        when ruled_{{ dimension }} is not null then 'rule'
        else 'none'
    end
    {%- endif -%}
{%- endmacro %}


{# What the tags themselves say of this dimension. #}
{% macro tag_status(dimension) -%}
    case
        when named_{{ dimension }} is not null then 'known'
        when {{ canonical_value("tagged_" ~ dimension) }} is not null then 'unknown_value'
        else 'missing'
    end
{%- endmacro %}


{# Relation (word, project): the canonical names and aliases of projects, by the rules of the partition. #}
{% macro project_words() -%}
    (
        {%- for rules_name, rules in rules_in_use().items() %}
        select
            tagged as word,
            name as project
        from {{ tag_names(rules, "project") }} as names
        where {{ in_rules(rules_name) }}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# Who made a resource, as AWS says in a tag or in the column of its own that exports may have. #}
{% macro creator() -%}
    coalesce({{ first_tag(plan().get("creator_keys", [])) }}, x_extra['line_item_iam_principal'])
{%- endmacro %}


{# What resources that belong together share of their names: the one or two words before what is numbered. Ids that AWS
   draws (i-…, vol-…, snap-…) share nothing. #}
{% macro name_prefix(resource_id) -%}
    {%- set name = canonical_value(arn_part(resource_id, "name")) -%}
    case
        when not regexp_matches({{ name }}, '^[a-z]+-[0-9a-f]{8,}$')
            then nullif(regexp_extract({{ name }}, '^[a-z]{3,}(-[a-z]{3,})?'), '')
    end
{%- endmacro %}
