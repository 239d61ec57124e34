{# A table that exists only while a build runs: a Parquet file per partition in the build's folder, and a view over them
   in schema `build`. For what several models read and what is dear to work out twice. In the warehouse file itself a
   table would leave its blocks behind when it is dropped. #}
{% materialization build_files, adapter='duckdb' %}
    {%- set plan = mlspend.plan() -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set files = [] -%}
    {{ run_hooks(pre_hooks) }}
    {% for partition in plan.rebuild %}
        {% do enter_partition(partition) %}
        {% if loop.first %}
            {% do get_assert_columns_equivalent(sql) %}
        {% endif %}
        {% set file = plan.folder ~ "/" ~ model.name ~ "-" ~ loop.index ~ ".parquet" %}
        {% call statement('write_' ~ loop.index) -%}
            copy (
                select {{ contract_columns() | join(', ') }}
                from ({{ sql }}) as rows_of_partition
            ) to {{ quoted(file) }} (format parquet, compression zstd, compression_level 1)
        {%- endcall %}
        {% do files.append(file) %}
    {% endfor %}
    {% call statement('main') -%}
        create or replace view {{ relation.include(database=false) }} as
        {% if files %}
        select {{ contract_columns() | join(', ') }} from read_parquet({{ quoted_list(files) }})
        {% else %}
        select
            {% for column in model.columns.values() %}
            cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        where false
        {% endif %}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
