{# The name alone of a resource that may be written as an ARN. #}
{% macro resource_name_of(resource_id) -%}
    regexp_extract({{ resource_id }}, '[^/:]*$')
{%- endmacro %}


{# Condition that a charge pays for the running of an instance: what AWS splits among containers. Its disks, traffic, CPU
   credits and discounts stay with the node.
   https://docs.aws.amazon.com/cur/latest/userguide/split-cost-allocation-data.html #}
{% macro runs_an_instance() -%}
    charge_category = 'Usage'
    and x_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
    and regexp_matches(x_usage_type, '(Box|Spot|Dedicated|Host|Sched|Heavy)Usage(:|$)')
{%- endmacro %}
