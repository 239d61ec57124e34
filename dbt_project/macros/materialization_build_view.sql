{# A view that exists only while a build runs (schema `build`, dropped before publication). Whoever reads it says which
   partition it means, see partitions.sql. #}
{% materialization build_view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') -%}
        create or replace view {{ relation.include(database=false) }} as
        {{ sql }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
