{# A small table whose rows belong to partitions: rows of rebuilt, vanished and expired partitions go, the rebuilt ones
   are inserted anew, in one transaction; all other rows are not touched. Of partitions too old to be kept at all
   (`forgotten`) everything goes. A model may say of its rows

   - `keeps_rows: true`: dbt only creates the table and somebody else writes it;
   - `appends_rows: true`: they are a log by `build_id`, in which a build leaves what earlier builds wrote, and of which
     vanished partitions have rows to tell too;
   - `outlives_lines: true`: those of an expired partition, of which only the lines have gone, are kept. #}
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
    {% else %}
        {% do align_columns(relation) %}
    {% endif %}
    {% if not config.get('keeps_rows', false) %}
        {%- set appends = config.get('appends_rows', false) -%}
        {%- set outlives = appends or config.get('outlives_lines', false) -%}
        {% for partition in plan.rebuild + plan.vanished + ([] if outlives else plan.expired) %}
            {% call statement('delete_' ~ loop.index) -%}
                delete from {{ relation }}
                where x_source = {{ quoted(partition.x_source) }}
                    and billing_period = {{ quoted(partition.billing_period) }}
                    {{ "and build_id = " ~ quoted(plan.build_id) if appends }}
            {%- endcall %}
        {% endfor %}
        {% for partition in plan.forgotten %}
            {% call statement('forget_' ~ loop.index) -%}
                delete from {{ relation }}
                where x_source = {{ quoted(partition.x_source) }}
                    and billing_period = {{ quoted(partition.billing_period) }}
            {%- endcall %}
        {% endfor %}
        {% for partition in plan.rebuild + (plan.vanished if appends else []) %}
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


{# Give a table of an earlier schema version the columns of the contract: rows that are kept have NULL in new ones. #}
{% macro align_columns(relation) %}
    {%- set held = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {% for column in model.columns.values() if column.name not in held %}
        {% do run_query("alter table " ~ relation ~ " add column " ~ column.name ~ " " ~ column.data_type) %}
    {% endfor %}
    {% for name in held if name not in model.columns %}
        {% do run_query("alter table " ~ relation ~ " drop column " ~ name) %}
    {% endfor %}
{% endmacro %}
