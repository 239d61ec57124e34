with landed as (
    select * from {{ landed_lines('aws_cur') }}
),

-- The landed files are scanned again here: naming the relation above twice would make DuckDB materialise it whole.
repeated as (
    {{ repeated_lines('aws_cur', aws_identifying_columns(), ['line_item_usage_amount', 'line_item_unblended_cost']) }}
),

final as (
    select
        {{ line_id(aws_identifying_columns(), 'repeated.ordinal') }} as x_line_id,
        landed.bill_billing_period_start_date,
        landed.bill_billing_period_end_date,
        landed.line_item_usage_start_date,
        landed.line_item_usage_end_date,
        landed.line_item_line_item_type,
        landed.line_item_net_unblended_cost,
        landed.line_item_usage_amount,
        landed.line_item_unblended_cost,
        landed.pricing_public_on_demand_cost,
        landed.reservation_amortized_upfront_fee_for_billing_period,
        landed.reservation_effective_cost,
        landed.reservation_net_amortized_upfront_fee_for_billing_period,
        landed.reservation_net_effective_cost,
        landed.reservation_net_unused_amortized_upfront_fee_for_billing_period,
        landed.reservation_net_unused_recurring_fee,
        landed.reservation_unused_amortized_upfront_fee_for_billing_period,
        landed.reservation_unused_quantity,
        landed.reservation_unused_recurring_fee,
        landed.savings_plan_amortized_upfront_commitment_for_billing_period,
        landed.savings_plan_net_amortized_upfront_commitment_for_billing_period,
        landed.savings_plan_net_savings_plan_effective_cost,
        landed.savings_plan_savings_plan_effective_cost,
        landed.savings_plan_total_commitment_to_date,
        landed.savings_plan_used_commitment,
        landed.split_line_item_net_split_cost,
        landed.split_line_item_net_unused_cost,
        landed.split_line_item_split_cost,
        landed.split_line_item_unused_cost,
        landed.product,
        landed.cost_category,
        landed.tags,
        landed.x_extra,
        -- Some exports write empty text where others leave the value out.
        nullif(landed.bill_bill_type, '') as bill_bill_type,
        nullif(landed.bill_billing_entity, '') as bill_billing_entity,
        nullif(landed.bill_invoice_id, '') as bill_invoice_id,
        nullif(landed.bill_invoicing_entity, '') as bill_invoicing_entity,
        nullif(landed.bill_payer_account_id, '') as bill_payer_account_id,
        nullif(landed.bill_payer_account_name, '') as bill_payer_account_name,
        nullif(landed.capacity_reservation_capacity_reservation_arn, '')
            as capacity_reservation_capacity_reservation_arn,
        nullif(landed.capacity_reservation_capacity_reservation_status, '')
            as capacity_reservation_capacity_reservation_status,
        nullif(landed.line_item_availability_zone, '') as line_item_availability_zone,
        nullif(landed.line_item_currency_code, '') as line_item_currency_code,
        nullif(landed.line_item_legal_entity, '') as line_item_legal_entity,
        nullif(landed.line_item_line_item_description, '')
            as line_item_line_item_description,
        nullif(landed.line_item_net_unblended_rate, '') as line_item_net_unblended_rate,
        nullif(landed.line_item_operation, '') as line_item_operation,
        nullif(landed.line_item_product_code, '') as line_item_product_code,
        nullif(landed.line_item_resource_id, '') as line_item_resource_id,
        nullif(landed.line_item_tax_type, '') as line_item_tax_type,
        nullif(landed.line_item_unblended_rate, '') as line_item_unblended_rate,
        nullif(landed.line_item_usage_account_id, '') as line_item_usage_account_id,
        nullif(landed.line_item_usage_account_name, '') as line_item_usage_account_name,
        nullif(landed.line_item_usage_type, '') as line_item_usage_type,
        nullif(landed.pricing_public_on_demand_rate, '') as pricing_public_on_demand_rate,
        nullif(landed.pricing_rate_code, '') as pricing_rate_code,
        nullif(landed.pricing_rate_id, '') as pricing_rate_id,
        nullif(landed.pricing_unit, '') as pricing_unit,
        nullif(landed.product_instance_type, '') as product_instance_type,
        nullif(landed.product_location, '') as product_location,
        nullif(landed.product_product_family, '') as product_product_family,
        nullif(landed.product_region_code, '') as product_region_code,
        nullif(landed.product_sku, '') as product_sku,
        nullif(landed.reservation_reservation_a_r_n, '') as reservation_reservation_a_r_n,
        nullif(landed.savings_plan_offering_type, '') as savings_plan_offering_type,
        nullif(landed.savings_plan_savings_plan_a_r_n, '') as savings_plan_savings_plan_a_r_n,
        nullif(landed.split_line_item_parent_resource_id, '') as split_line_item_parent_resource_id
    from landed
    left join repeated
        on landed.filename = repeated.filename and landed.file_row_number = repeated.file_row_number
)

select * from final
