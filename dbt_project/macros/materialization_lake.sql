{# A line-level table as immutable Parquet: one file per partition to rebuild, then a view over the explicit list of all
   current files. Unchanged partitions are neither read nor written. The contract is asserted here, because dbt asserts
   it only in its own materialisations. #}
{% materialization lake, adapter='duckdb' %}
    {%- set plan = mlspend.plan() -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set files = [] -%}
    {{ run_hooks(pre_hooks) }}
    {% for partition in plan.rebuild %}
        {% do enter_partition(partition) %}
        {% if loop.first %}
            {% do get_assert_columns_equivalent(sql) %}
        {% endif %}
        {% set file = partition.lake_files[model.name] %}
        {% call statement('write_' ~ loop.index) -%}
            copy (
                select {{ contract_columns() | join(', ') }}
                from ({{ sql }}) as lines
            ) to {{ quoted(file) }} (format parquet, compression zstd, compression_level 1)
        {%- endcall %}
        {% do files.append(file) %}
    {% endfor %}
    {# DuckDB opens the first file of the list to learn its columns: that must not be one of the unchanged. #}
    {% do files.extend(plan.lake_files[model.name].kept) %}
    {% call statement('main') -%}
        create or replace view {{ relation.include(database=false) }} as
        {% if files %}
        select {{ contract_columns() | join(', ') }}
        from read_parquet(
            {{ quoted_list(files) }},
            hive_partitioning = true,
            hive_types = {'build': varchar, 'x_source': varchar, 'billing_period': varchar}
        )
        {% else %}
        select
            {% for column in model.columns.values() %}
            cast(null as {{ column.data_type }}) as {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        where false
        {% endif %}
    {%- endcall %}
    {% do persist_docs(relation, model) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}


{# The names of the model's columns in the order of its contract. #}
{% macro contract_columns() %}
    {{ return(model.columns.values() | map(attribute='name') | list) }}
{% endmacro %}
