{# A small table whose rows belong to partitions: rows of rebuilt and of vanished partitions go, the rebuilt ones are
   inserted anew, in one transaction; all other rows are not touched. With `keeps_rows: true` dbt only creates the
   table and somebody else writes it. #}
{% materialization mart, adapter='duckdb' %}
    {%- set plan = mlspend.plan() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set columns = contract_columns() | join(', ') -%}
    {{ run_hooks(pre_hooks) }}
    {% if existing is none %}
        {% call statement('create') -%}
            create table {{ relation }} {{ get_table_columns_and_constraints() }}
        {%- endcall %}
    {% endif %}
    {% if not config.get('keeps_rows', false) %}
        {% for partition in plan.rebuild + plan.vanished %}
            {% call statement('delete_' ~ loop.index) -%}
                delete from {{ relation }}
                where x_source = {{ quoted(partition.x_source) }}
                    and billing_period = {{ quoted(partition.billing_period) }}
            {%- endcall %}
        {% endfor %}
        {% for partition in plan.rebuild %}
            {% do enter_partition(partition) %}
            {% if loop.first %}
                {% do get_assert_columns_equivalent(sql) %}
            {% endif %}
            {% call statement('insert_' ~ loop.index) -%}
                insert into {{ relation }} ({{ columns }})
                select {{ columns }}
                from ({{ sql }}) as rows_of_partition
            {%- endcall %}
        {% endfor %}
    {% endif %}
    {% call statement('main') -%}
        select 1
    {%- endcall %}
    {% do persist_docs(relation, model) %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
