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
