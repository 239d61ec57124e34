{# What an AWS line is, in one word; every rule about money asks this and nothing else. AWS spells the types in capitals;
   discounts bear many names that all end in Discount (EdpDiscount, PrivateRateDiscount, BundledDiscount …). A refund is
   one of a commitment's fee where it names the commitment, or a savings plan as its product, of whatever kind of plan
   (ComputeSavingsPlans, MachineLearningSavingsPlans, DatabaseSavingsPlans …). #}
{% macro aws_line_kind() -%}
    case
        when split_line_item_parent_resource_id is not null then 'split_cost'
        when line_item_line_item_type = 'Usage' then 'usage'
        when line_item_line_item_type = 'DiscountedUsage' then 'reserved_usage'
        when line_item_line_item_type = 'SavingsPlanCoveredUsage' then 'savings_plan_usage'
        when line_item_line_item_type = 'SavingsPlanNegation' then 'negation'
        when line_item_line_item_type = 'RIFee' then 'recurring_fee'
        when line_item_line_item_type = 'SavingsPlanRecurringFee' then 'recurring_fee'
        when line_item_line_item_type = 'SavingsPlanUpfrontFee' then 'upfront_fee'
        when line_item_line_item_type = 'Fee' and reservation_reservation_a_r_n is not null then 'upfront_fee'
        when line_item_line_item_type = 'Fee' and savings_plan_savings_plan_a_r_n is not null then 'upfront_fee'
        when line_item_line_item_type = 'Fee' then 'fee'
        when line_item_line_item_type = 'Refund' and reservation_reservation_a_r_n is not null then 'upfront_refund'
        when line_item_line_item_type = 'Refund' and savings_plan_savings_plan_a_r_n is not null then 'upfront_refund'
        when line_item_line_item_type = 'Refund' and line_item_product_code like '%SavingsPlans' then 'upfront_refund'
        when line_item_line_item_type = 'Refund' then 'refund'
        when line_item_line_item_type = 'Credit' then 'credit'
        when line_item_line_item_type = 'Tax' then 'tax'
        when line_item_line_item_type like '%Discount' then 'discount'
        else 'other'
    end
{%- endmacro %}


{# The amounts that costs are made of, and the same net of discounts; amounts of commitments per line item type that
   bears them. What is unused of a savings plan has no net column of its own. #}
{% macro aws_net_columns() %}
    {{ return({
        "line_item_unblended_cost": {"net": "line_item_net_unblended_cost"},
        "reservation_effective_cost": {"net": "reservation_net_effective_cost", "only": "DiscountedUsage"},
        "reservation_amortized_upfront_fee_for_billing_period": {
            "net": "reservation_net_amortized_upfront_fee_for_billing_period", "only": "RIFee",
        },
        "reservation_unused_amortized_upfront_fee_for_billing_period": {
            "net": "reservation_net_unused_amortized_upfront_fee_for_billing_period", "only": "RIFee",
        },
        "reservation_unused_recurring_fee": {"net": "reservation_net_unused_recurring_fee", "only": "RIFee"},
        "savings_plan_savings_plan_effective_cost": {
            "net": "savings_plan_net_savings_plan_effective_cost", "only": "SavingsPlanCoveredUsage",
        },
        "savings_plan_amortized_upfront_commitment_for_billing_period": {
            "net": "savings_plan_net_amortized_upfront_commitment_for_billing_period",
            "only": "SavingsPlanRecurringFee",
        },
        "split_line_item_split_cost": {"net": "split_line_item_net_split_cost"},
        "split_line_item_unused_cost": {"net": "split_line_item_net_unused_cost"},
    }) }}
{% endmacro %}


{% macro aws_amount_columns() %}
    {% set columns = [] %}
    {% for gross, how in aws_net_columns().items() %}
        {% do columns.extend([gross, how.net]) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{# Condition that a line has an amount and not the same net of discounts. #}
{% macro aws_net_cost_is_missing() -%}
    {%- for gross, how in aws_net_columns().items() %}
    {{ "or " if not loop.first }}({{ gross }} <> 0 and {{ how.net }} is null
        {%- if how.only %} and line_item_line_item_type = '{{ how.only }}'{% endif %})
    {%- endfor %}
{%- endmacro %}


{# An amount as it counts for the payer of the line, net or not. #}
{% macro aws_amount(gross) -%}
    coalesce(case when payers.is_net then {{ aws_net_columns()[gross].net }} else {{ gross }} end, 0)
{%- endmacro %}


{# The exclusive end of a period: AWS writes fees of a month as ending at 23:59:59. #}
{% macro exclusive_end(column) -%}
    case when second({{ column }}) = 59 then {{ column }} + interval 1 second else {{ column }} end
{%- endmacro %}


{# What every charge made from a line keeps of it: who pays, who used it, when it was billed, what it is called. #}
{% macro line_context_columns() %}
    {{ return([
        "bill_payer_account_id", "bill_payer_account_name", "line_item_usage_account_id",
        "line_item_usage_account_name", "line_item_currency_code", "line_item_line_item_type",
        "line_item_product_code", "line_item_line_item_description", "bill_billing_period_start_date",
        "bill_billing_period_end_date", "bill_billing_entity", "bill_invoicing_entity", "bill_invoice_id",
        "line_item_legal_entity",
    ]) }}
{% endmacro %}


{# AWS's unit of price in the form FOCUS asks for: units spelt out, a quantity in digits. What is not listed stays as it is.
   Source: FOCUS 1.2, unit format; AWS's own FOCUS export spells them the same way. #}
{% macro focus_unit(pricing_unit) -%}
    case lower({{ pricing_unit }})
        {%- for written, unit in {
            "hrs": "Hours", "hour": "Hours", "second": "Seconds", "secs": "Seconds",
            "gb-mo": "GB-Months", "gb-month": "GB-Months", "gigabyte-month": "GB-Months", "gigabyte month": "GB-Months",
            "gb-hrs": "GB-Hours", "gb-second": "GB-Seconds", "lambda-gb-second": "GB-Seconds",
            "iops-mo": "IOPS-Months", "gibps-mo": "GiBps-Months", "mibps-mo": "MiBps-Months", "mbps-mo": "MBps-Months",
            "vcpu-hrs": "vCPU-Hours", "lcu-hrs": "LCU-Hours", "acu-hrs": "ACU-Hours",
            "readcapacityunit-hrs": "ReadCapacityUnit-Hours", "writecapacityunit-hrs": "WriteCapacityUnit-Hours",
            "1k tokens": "1000 Tokens", "1m tokens": "1000000 Tokens",
        }.items() %}
        when '{{ written }}' then '{{ unit }}'
        {%- endfor %}
        else {{ pricing_unit }}
    end
{%- endmacro %}
