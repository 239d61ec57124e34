{# What this build is to do, from the plan.json that mlspend wrote; {} while dbt only parses. #}
{% macro plan() %}
    {% if not execute %}
        {{ return({}) }}
    {% endif %}
    {% set rows = run_query("select content from read_text(" ~ quoted(env_var("MLSPEND_PLAN")) ~ ")") %}
    {{ return(fromjson(rows.columns[0].values()[0])) }}
{% endmacro %}


{# `text` as an SQL string literal. #}
{% macro quoted(text) %}
    {{ return("'" ~ (text | replace("'", "''")) ~ "'") }}
{% endmacro %}


{% macro quoted_or_null(text) %}
    {{ return("null" if text is none else quoted(text)) }}
{% endmacro %}


{# Texts as an SQL list literal. #}
{% macro quoted_list(texts) %}
    {% set literals = [] %}
    {% for text in texts %}
        {% do literals.append(quoted(text)) %}
    {% endfor %}
    {{ return("[" ~ (literals | join(", ")) ~ "]") }}
{% endmacro %}


{# How far two sums of the same money may lie apart, in billing currency. #}
{% macro tolerance() -%}
    cast({{ quoted(plan().get("tolerance", "0.01")) }} as decimal(38, 12))
{%- endmacro %}


{# The build that is being made, and when (UTC). #}
{% macro build_id() -%}
    cast({{ quoted(plan().get("build_id", "")) }} as varchar)
{%- endmacro %}


{% macro built_at() -%}
    cast({{ quoted(plan().get("built_at", "1970-01-01")) }} as timestamp)
{%- endmacro %}


{# Relation of the rows that this build was given under a name, such as invoices; no rows where there are none.
     columns  {column: type}, all of them; amounts travel as text #}
{% macro input_rows(name, columns) -%}
    {%- set file = plan().get("inputs", {}).get(name) -%}
    {%- if file -%}
    read_json({{ quoted(file) }}, format = 'array', columns = {
        {%- for column, type in columns.items() %}{{ column }}: {{ quoted(type) }}{{ ", " if not loop.last }}{% endfor -%}
    })
    {%- else -%}
    (
        select
            {%- for column, type in columns.items() %}
            cast(null as {{ type }}) as {{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        where false
    )
    {%- endif %}
{%- endmacro %}
