{# The rules for what carries no tag, as SQL over combinations of what they ask (int_combinations_attributed). #}

{# Number of the first rule, counted from 1, that names this (`owner`: a project, a shared cost or that of a linked
   resource) and matches; NULL where none does. A rule names an owner over a tag's only where it says so. #}
{% macro first_rule(rules, names) -%}
    {%- set found = [] -%}
    {%- for rule in rules.get("rules", []) -%}
        {%- set is_named = (rule.project or rule.shared or rule.when.linked) if names == "owner" else rule.get(names) -%}
        {%- if is_named -%}
            {%- set without_tag = "named_project is null and " if names == "owner" and not rule.over_tags else "" -%}
            {%- do found.append("when " ~ without_tag ~ rule_condition(rules, rule) ~ " then " ~ loop.index) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found -%}
    case
        {{ found | join("\n        ") }}
    end
    {%- else -%}
    cast(null as integer)
    {%- endif -%}
{%- endmacro %}


{# What the rules, in their order, name: to be asked by the number of a rule. `linked`: which take a linked owner. #}
{% macro named_by_rules(rules, names) -%}
    {%- set rows = [] -%}
    {%- for rule in rules.get("rules", []) -%}
        {%- do rows.append({names: ("yes" if rule.when.linked else none) if names == "linked" else rule.get(names)}) -%}
    {%- endfor -%}
    {{ nullable_list(rows, names) }}
{%- endmacro %}


{# Condition that is true where the rule matches: what compares comes first, regular expressions (RE2's) last. #}
{% macro rule_condition(rules, rule) -%}
    {%- set when = rule.when -%}
    {%- set all = rule_days(rule) -%}
    {%- for condition, column in {
        "sources": "x_source", "accounts": "sub_account_id", "billing_accounts": "billing_account_id",
        "charge_categories": "charge_category", "line_item_types": "x_line_item_type",
        "commitment_status": "commitment_discount_status", "resource_kind": "resource_kind",
        "namespace": "coalesce(" ~ rule_tag(rules, "aws:eks:namespace") ~ ", pod_namespace)",
        "cluster": "coalesce(" ~ rule_tag(rules, "aws:eks:cluster-name") ~ ", pod_cluster)",
    }.items() if when.get(condition) -%}
        {%- do all.append("lower(" ~ column ~ ") in " ~ lower_list(when[condition])) -%}
    {%- endfor -%}
    {%- if when.services -%}
        {%- set wanted = lower_list(when.services) -%}
        {%- do all.append("(lower(x_service_code) in " ~ wanted ~ " or lower(service_name) in " ~ wanted ~ ")") -%}
    {%- endif -%}
    {%- for key, values in when.get("tags", {}).items() -%}
        {%- set wanted = [] -%}
        {%- for value in values -%}{%- do wanted.append(canonical_value(quoted(value))) -%}{%- endfor -%}
        {%- do all.append(canonical_value(rule_tag(rules, key)) ~ " in (" ~ (wanted | join(", ")) ~ ")") -%}
    {%- endfor -%}
    {%- for condition, column in {"usage_type": "x_usage_type", "operation": "x_operation"}.items() -%}
        {%- if when.get(condition) -%}{%- do all.append(searched(column, when[condition])) -%}{%- endif -%}
    {%- endfor -%}
    {%- if when.resource_name -%}{%- do all.append(searched("arn_name", when.resource_name)) -%}{%- endif -%}
    {%- if when.resource -%}
        {%- set either = searched("resource_id", when.resource) ~ " or " ~ searched("resource_name", when.resource) -%}
        {%- do all.append("(" ~ either ~ ")") -%}
    {%- endif -%}
    {%- if when.linked -%}{%- do all.append("linked_project is not null") -%}{%- endif -%}
    {{ all | join(" and ") }}
{%- endmacro %}


{# Conditions that a rule holds on these days. #}
{% macro rule_days(rule) %}
    {% set days = [] %}
    {% if rule.get("valid_from") %}{% do days.append("as_of >= date " ~ quoted(rule.valid_from)) %}{% endif %}
    {% if rule.get("valid_to") %}{% do days.append("as_of <= date " ~ quoted(rule.valid_to)) %}{% endif %}
    {{ return(days) }}
{% endmacro %}


{% macro searched(column, pattern) -%}
    coalesce(regexp_matches({{ column }}, {{ quoted(pattern) }}), false)
{%- endmacro %}


{% macro lower_list(values) -%}
    {%- set literals = [] -%}
    {%- for value in values -%}{%- do literals.append(quoted(value | lower)) -%}{%- endfor -%}
    ({{ literals | join(", ") }})
{%- endmacro %}


{# The value of a tag that rules ask for. #}
{% macro rule_tag(rules, key) -%}
    {%- set keys = rules.get("rule_keys", {}).keys() | list -%}
    {%- if key in keys -%}
    rule_tags[{{ keys.index(key) + 1 }}]
    {%- else -%}
    cast(null as varchar)
    {%- endif -%}
{%- endmacro %}


{# Parts of a resource's ARN, arn:partition:service:region:account:kind/name or kind:name. A pod's name is
   cluster/namespace/pod/uid. What is no ARN is all name. #}
{% macro arn_part(resource_id, part) -%}
    {%- set head = "^arn:[^:]*:[^:]*:[^:]*:[^:]*:" -%}
    {%- set patterns = {
        "kind": head ~ "([^:/]+)[:/]", "name": "^(?:arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[^:/]+[:/])?)?(.+)$", "cluster": head ~ "pod/([^/]+)/",
        "namespace": head ~ "pod/[^/]+/([^/]+)/",
    } -%}
    nullif(regexp_extract({{ resource_id }}, {{ quoted(patterns[part]) }}, 1), '')
{%- endmacro %}


{# The last part of a resource's id: what is left of an ARN when it is written without one. #}
{% macro link_key(resource_id) -%}
    nullif(regexp_extract({{ resource_id }}, '[^/:]+$'), '')
{%- endmacro %}


{# Relation (resource, linked, valid_from, valid_to): which resource leads to which other. #}
{% macro resource_links(rules) -%}
    {%- if rules.get("links_file") -%}
    (
        select
            resource,
            linked,
            coalesce(valid_from, date '0001-01-01') as valid_from,
            coalesce(valid_to, date '9999-12-31') as valid_to
        from read_json({{ quoted(rules.links_file) }}, format = 'array', columns = {
            resource: 'varchar', linked: 'varchar', valid_from: 'date', valid_to: 'date'
        })
    )
    {%- else -%}
    {{ dated_relation(rules.get("links", []), {"resource": "resource", "linked": "linked"}) }}
    {%- endif -%}
{%- endmacro %}


{# Relation (resource, as_of, project): what resources without an owner lead to, over at most five links, a snapshot to
   its volume, a volume to its instance: the project of the nearest that tags give an owner; where they give it several,
   that of most effective cost, ties by name. Read from `tagged`; a circle of links leads nowhere new. #}
{% macro linked_projects(rules) -%}
    {%- set asks = rules.get("rules", []) | selectattr("when.linked", "defined") | list -%}
    {%- if asks -%}
    (
        with recursive owners as (
            select
                {{ link_key("resource_id") }} as resource,
                named_project as project
            from tagged
            where named_project is not null and resource_id is not null
            group by 1, 2
            qualify row_number() over (
                partition by {{ link_key("resource_id") }} order by sum(effective_cost) desc, named_project
            ) = 1
        ),

        chains as (
            select distinct
                {{ link_key("resource_id") }} as resource,
                as_of,
                {{ link_key("resource_id") }} as reached,
                0 as steps
            from tagged
            where named_project is null and resource_id is not null
            union
            select
                chains.resource,
                chains.as_of,
                links.linked as reached,
                chains.steps + 1 as steps
            from chains
            inner join {{ resource_links(rules) }} as links
                on chains.reached = links.resource and chains.as_of between links.valid_from and links.valid_to
            where chains.steps < 5
        )

        select
            chains.resource,
            chains.as_of,
            owners.project
        from chains
        inner join owners on chains.reached = owners.resource
        where chains.reached <> chains.resource
        qualify row_number() over (
            partition by chains.resource, chains.as_of order by chains.steps, owners.project
        ) = 1
    )
    {%- else -%}
    (
        select
            cast(null as varchar) as resource,
            cast(null as date) as as_of,
            cast(null as varchar) as project
        where false
    )
    {%- endif -%}
{%- endmacro %}
