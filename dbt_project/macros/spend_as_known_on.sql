{# Create the table macro marts.spend_as_known_on(moment) beside the log that it adds up. Like the published views it
   names no database, so that it also works in a copy under another file name. #}
{% macro create_spend_as_known_on() -%}
    create or replace macro {{ this.schema }}.spend_as_known_on(moment) as table
    select
        x_source,
        billing_account_id,
        billing_period,
        charge_date,
        sub_account_id,
        service_name,
        charge_category,
        billing_currency,
        sum(billed_cost_change) as billed_cost,
        sum(effective_cost_change) as effective_cost,
        cast(sum(line_count_change) as bigint) as line_count
    from {{ this.include(database=false) }}
    where known_at <= moment
    group by all
    having sum(line_count_change) <> 0 or sum(billed_cost_change) <> 0 or sum(effective_cost_change) <> 0
{%- endmacro %}


{% macro describe_spend_as_known_on() -%}
    comment on macro table {{ this.schema }}.spend_as_known_on is
    'Spend by day, account and service as it was known at a moment (UTC), however often it was restated since.'
{%- endmacro %}
