{# What tells one AWS line from another and stays the same when the line is delivered again: neither AWS's own line item
   id (not stable between deliveries) nor amounts, invoice ids and tags (they are filled in or corrected later). The
   description counts where no rate does: taxes, credits and fees often differ in nothing else. #}
{% macro aws_identifying_columns() %}
    {{ return([
        "bill_payer_account_id", "line_item_usage_account_id", "bill_bill_type", "line_item_line_item_type",
        "epoch_ms(line_item_usage_start_date)", "epoch_ms(line_item_usage_end_date)", "line_item_product_code",
        "line_item_usage_type", "line_item_operation", "line_item_availability_zone", "line_item_resource_id",
        "line_item_tax_type", "line_item_legal_entity",
        "coalesce(nullif(pricing_rate_code, ''), nullif(pricing_rate_id, ''), line_item_line_item_description)",
        "reservation_reservation_a_r_n", "savings_plan_savings_plan_a_r_n", "split_line_item_parent_resource_id",
    ]) }}
{% endmacro %}


{% macro focus_identifying_columns() %}
    {{ return([
        "provider_name", "publisher_name", "billing_account_id", "sub_account_id", "charge_category", "charge_class",
        "charge_period_start", "charge_period_end", "service_name", "sku_id", "sku_price_id", "region_id",
        "availability_zone", "resource_id", "commitment_discount_id", "commitment_discount_status",
        "pricing_category", "billing_currency", "charge_description",
    ]) }}
{% endmacro %}


{# md5 of source, billing period and the identifying columns as landed, and the ordinal among equal rows from the second
   on. NULL and empty text are one; a separator keeps values from running into each other. #}
{% macro line_id(columns, ordinal) -%}
    {%- set separator = ", chr(31), " -%}
    md5(concat({{ ([partition_source(), partition_period()] + columns + [ordinal]) | join(separator) }}))
{%- endmacro %}


{# Ordinals of rows whose identifying columns are equal, by place in the landed files; ordered by amounts, so that equal
   rows keep their ids when only their order in the files changes. Only repeated rows pass the window. NULL and empty
   text are one here as they are in the id; times are never empty text. #}
{% macro repeated_lines(shape, columns, order_by) -%}
    {%- set compared = [] -%}
    {%- for column in columns -%}
        {%- set is_time = column.startswith('epoch_ms') or column.startswith('charge_period') -%}
        {%- do compared.append(column if is_time else "coalesce(" ~ column ~ ", '')") -%}
    {%- endfor -%}
    select
        filename,
        file_row_number,
        nullif(
            row_number() over (
                partition by {{ compared | join(', ') }}
                order by {{ order_by | join(', ') }}, filename, file_row_number
            ), 1
        ) as ordinal
    from {{ landed_lines(shape) }}
    where hash({{ compared | join(', ') }}) in (
        select hash({{ compared | join(', ') }})
        from {{ landed_lines(shape) }}
        group by all
        having count(*) > 1
    )
{%- endmacro %}
