{# What an AWS line is, in one word; every rule about money asks this and nothing else. AWS spells the types in capitals;
   discounts bear many names that all end in Discount (EdpDiscount, PrivateRateDiscount, BundledDiscount …). #}
{% macro aws_line_kind() -%}
    case line_item_line_item_type
        when 'Usage' then 'usage'
        when 'DiscountedUsage' then 'reserved_usage'
        when 'SavingsPlanCoveredUsage' then 'savings_plan_usage'
        when 'SavingsPlanNegation' then 'negation'
        when 'RIFee' then 'recurring_fee'
        when 'SavingsPlanRecurringFee' then 'recurring_fee'
        when 'SavingsPlanUpfrontFee' then 'upfront_fee'
        when 'Fee' then case when reservation_reservation_a_r_n is null then 'fee' else 'upfront_fee' end
        when 'Refund'
            then case
                when
                    reservation_reservation_a_r_n is not null
                    or savings_plan_savings_plan_a_r_n is not null
                    or line_item_product_code = 'ComputeSavingsPlans'
                    then 'upfront_refund'
                else 'refund'
            end
        when 'Credit' then 'credit'
        when 'Tax' then 'tax'
        else case when line_item_line_item_type like '%Discount' then 'discount' else 'other' end
    end
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
