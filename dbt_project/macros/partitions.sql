{# A partition is one billing period of one source. The materialisations `lake` and `mart` run a model once per partition
   to rebuild, telling it which by session variables; these macros are how models ask. #}

{# The landed files of the partition in one shape, `aws_cur` or `focus`; before any partition is entered, and where the
   partition has the other shape, a file without lines. #}
{% macro landed_lines(shape) -%}
    {%- set empty = plan().get("empty", {}).get(shape, "") -%}
    read_parquet(
        coalesce(getvariable('landed_{{ shape }}'), [{{ quoted(empty) }}]), filename = true, file_row_number = true
    )
{%- endmacro %}


{# The receipt of the partition. #}
{% macro receipt_file() -%}
    coalesce(getvariable('receipt'), {{ quoted(plan().get("empty", {}).get("receipt", "")) }})
{%- endmacro %}


{# Condition that keeps the rows of the partition; by it DuckDB opens only that partition's files. #}
{% macro in_partition() -%}
    x_source = getvariable('x_source') and billing_period = getvariable('billing_period')
{%- endmacro %}


{# Condition that keeps the rows of all partitions that this build rebuilds: what a test may open. #}
{% macro in_rebuilt_partitions() -%}
    {%- set places = [] -%}
    {%- for partition in plan().get("rebuild", []) -%}
        {%- do places.append("(" ~ quoted(partition.x_source) ~ ", " ~ quoted(partition.billing_period) ~ ")") -%}
    {%- endfor -%}
    {{ "(x_source, billing_period) in (" ~ (places | join(", ")) ~ ")" if places else "false" }}
{%- endmacro %}


{% macro partition_source() -%}
    cast(getvariable('x_source') as varchar)
{%- endmacro %}


{% macro partition_period() -%}
    cast(getvariable('billing_period') as varchar)
{%- endmacro %}


{# Versions of the delivery that the partition is built from and was built from before; NULL where it vanished, or was
   not in the previous publication. #}
{% macro partition_version() -%}
    cast(getvariable('version') as varchar)
{%- endmacro %}


{% macro previous_version() -%}
    cast(getvariable('previous_version') as varchar)
{%- endmacro %}


{# When the provider wrote the delivery that the partition is built from (UTC). #}
{% macro partition_delivered_at() -%}
    cast(getvariable('delivered_at') as timestamp)
{%- endmacro %}


{# Whether landing counted net costs; receipts of releases that did not know them hold unblended totals for all. #}
{% macro partition_counts_net() -%}
    coalesce(cast(getvariable('counts_net') as boolean), true)
{%- endmacro %}


{# Tell the statements that follow on this connection which partition they are about. #}
{% macro enter_partition(partition) %}
    {% call statement('enter_partition') -%}
        set variable x_source = {{ quoted(partition.x_source) }};
        set variable billing_period = {{ quoted(partition.billing_period) }};
        set variable version = {{ quoted_or_null(partition.version) }};
        set variable rules = {{ quoted(partition.rules) }};
        set variable previous_version = {{ quoted_or_null(partition.previous_version) }};
        set variable delivered_at = {{ quoted_or_null(partition.delivered_at) }};
        set variable counts_net = {{ partition.counts_net }};
        set variable receipt = {{ quoted(partition.receipt) }};
        {%- for shape, files in partition.landed_files.items() %}
        set variable landed_{{ shape }} = {{ quoted_list(files) }};
        {%- endfor %}
    {%- endcall %}
{% endmacro %}
