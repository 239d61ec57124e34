{# AWS charges under the names and values of FOCUS 1.2. #}
with charges as (
    select
        *,
        case
            when
                kind in (
                    'usage', 'split_cost', 'reserved_usage', 'savings_plan_usage', 'unused_commitment', 'discount'
                )
                then 'Usage'
            when kind in ('recurring_fee', 'upfront_fee', 'upfront_refund', 'fee') then 'Purchase'
            when kind = 'tax' then 'Tax'
            when kind = 'credit' then 'Credit'
            else 'Adjustment'
        end as charge_category,
        case
            when
                kind in (
                    'reserved_usage', 'savings_plan_usage', 'unused_commitment', 'recurring_fee', 'upfront_fee',
                    'upfront_refund'
                )
                then commitment_id
        end as commitment_discount_id,
        is_metered and kind <> 'split_cost' and pricing_public_on_demand_cost is not null as has_list_cost,
        case when is_net then line_item_net_unblended_rate else line_item_unblended_rate end as line_rate,
        coalesce(product_region_code, product['region'], product_location) as region_id
    from {{ ref('int_aws__charges_priced') }}
),

services as (
    select * from {{ ref('aws_services') }}
),

regions as (
    select * from {{ ref('aws_regions') }}
),

quantified as (
    select
        * replace ({{ focus_unit('pricing_unit') }} as pricing_unit),
        case
            when kind = 'unused_commitment' then commitment_quantity
            when charge_category = 'Usage' then coalesce(line_item_usage_amount, 0)
            when charge_category = 'Purchase' then coalesce(nullif(line_item_usage_amount, 0), 1)
        end as pricing_quantity,
        -- What takes off the list price has none: the use that it discounts bears it.
        case
            when kind = 'discount' then 0
            when has_list_cost then pricing_public_on_demand_cost
            else contracted_cost
        end as list_cost
    from charges
),

final as (
    select
        quantified.line_item_availability_zone as availability_zone,
        quantified.billed_cost,
        quantified.bill_payer_account_id as billing_account_id,
        quantified.bill_payer_account_name as billing_account_name,
        'Management Account' as billing_account_type,
        quantified.line_item_currency_code as billing_currency,
        {{ exclusive_end('quantified.bill_billing_period_end_date') }} as billing_period_end,
        quantified.bill_billing_period_start_date as billing_period_start,
        quantified.capacity_reservation_capacity_reservation_arn as capacity_reservation_id,
        case
            when quantified.capacity_reservation_capacity_reservation_arn is null then null
            when quantified.capacity_reservation_capacity_reservation_status = 'Unused' then 'Unused'
            when quantified.charge_category = 'Usage' then 'Used'
        end as capacity_reservation_status,
        quantified.charge_category,
        -- Only what was already invoiced can be corrected: a refund of the period's own charges is none.
        case
            when
                (quantified.kind in ('refund', 'upfront_refund') or quantified.bill_bill_type = 'Refund')
                and quantified.charge_start < quantified.bill_billing_period_start_date
                then 'Correction'
        end as charge_class,
        quantified.line_item_line_item_description as charge_description,
        case
            when quantified.kind = 'recurring_fee' then 'Recurring'
            when quantified.kind = 'fee' and quantified.line_item_product_code like '%Support%' then 'Recurring'
            when quantified.charge_category = 'Usage' then 'Usage-Based'
            else 'One-Time'
        end as charge_frequency,
        quantified.charge_end as charge_period_end,
        quantified.charge_start as charge_period_start,
        case
            when quantified.commitment_discount_id is null then null
            when quantified.is_savings_plan then 'Spend'
            else 'Usage'
        end as commitment_discount_category,
        quantified.commitment_discount_id,
        cast(null as varchar) as commitment_discount_name,
        case
            when quantified.commitment_discount_id is not null then quantified.commitment_quantity
        end as commitment_discount_quantity,
        case
            when quantified.commitment_discount_id is null then null
            when quantified.is_savings_plan then coalesce(quantified.savings_plan_offering_type, 'Savings Plan')
            else 'Reserved Instance'
        end as commitment_discount_type,
        case
            when quantified.commitment_discount_id is null or quantified.commitment_quantity is null then null
            when quantified.is_savings_plan then quantified.line_item_currency_code
            else coalesce(quantified.pricing_unit, 'Hours')
        end as commitment_discount_unit,
        case
            when quantified.commitment_discount_id is null or quantified.charge_category <> 'Usage' then null
            when quantified.kind = 'unused_commitment' then 'Unused'
            else 'Used'
        end as commitment_discount_status,
        case when quantified.is_metered then quantified.line_item_usage_amount end as consumed_quantity,
        case
            when quantified.is_metered and quantified.line_item_usage_amount is not null
                then coalesce(quantified.pricing_unit, 'Units')
        end as consumed_unit,
        quantified.contracted_cost,
        case
            when quantified.pricing_quantity is null then null
            when quantified.kind = 'unused_commitment' then 0
            when quantified.kind = 'reserved_usage'
                then coalesce(
                    {{ rate('quantified.pricing_public_on_demand_rate') }},
                    {{ unit_price('quantified.contracted_cost', 'quantified.pricing_quantity') }}
                )
            else coalesce(
                {{ rate('quantified.line_rate') }},
                {{ unit_price('quantified.contracted_cost', 'quantified.pricing_quantity') }}
            )
        end as contracted_unit_price,
        quantified.effective_cost,
        quantified.bill_invoice_id as invoice_id,
        coalesce(
            quantified.bill_invoicing_entity, quantified.line_item_legal_entity, 'Amazon Web Services, Inc.'
        ) as invoice_issuer_name,
        quantified.list_cost,
        case
            when quantified.pricing_quantity is null then null
            when quantified.kind = 'unused_commitment' then 0
            else coalesce(
                {{ rate('quantified.pricing_public_on_demand_rate') }},
                {{ unit_price('quantified.list_cost', 'quantified.pricing_quantity') }}
            )
        end as list_unit_price,
        case
            when quantified.charge_category not in ('Usage', 'Purchase') then null
            when quantified.charge_category = 'Usage' and quantified.commitment_discount_id is not null then 'Committed'
            when contains(quantified.line_item_usage_type, 'SpotUsage') then 'Dynamic'
            else 'Standard'
        end as pricing_category,
        quantified.line_item_currency_code as pricing_currency,
        quantified.effective_cost as pricing_currency_effective_cost,
        quantified.pricing_quantity,
        case
            when quantified.pricing_quantity is not null then coalesce(quantified.pricing_unit, 'Units')
        end as pricing_unit,
        'AWS' as provider_name,
        case
            when quantified.bill_billing_entity = 'AWS Marketplace'
                then coalesce(quantified.line_item_legal_entity, 'AWS Marketplace')
            else 'Amazon Web Services, Inc.'
        end as publisher_name,
        quantified.region_id,
        case when quantified.region_id is not null then coalesce(regions.region_name, quantified.region_id) end
            as region_name,
        coalesce(
            case
                when quantified.charge_category = 'Purchase' or quantified.kind = 'unused_commitment'
                    then quantified.commitment_discount_id
            end,
            quantified.line_item_resource_id
        ) as resource_id,
        cast(null as varchar) as resource_name,
        coalesce(services.service_category, 'Other') as service_category,
        coalesce(
            services.service_name, quantified.product['product_name'], quantified.line_item_product_code, 'Other'
        ) as service_name,
        coalesce(services.service_subcategory, 'Other (Other)') as service_subcategory,
        case when quantified.charge_category <> 'Tax' then quantified.product_sku end as sku_id,
        case
            when quantified.charge_category <> 'Tax' and quantified.product_sku is not null
                then quantified.line_item_usage_type
        end as sku_meter,
        case
            when quantified.charge_category <> 'Tax'
                then coalesce(
                    quantified.pricing_rate_code, quantified.product_sku || '.' || quantified.pricing_rate_id
                )
        end as sku_price_id,
        quantified.product_instance_type,
        quantified.line_item_usage_account_id as sub_account_id,
        quantified.line_item_usage_account_name as sub_account_name,
        case when quantified.line_item_usage_account_id is not null then 'AWS Account' end as sub_account_type,
        quantified.tags,
        quantified.x_line_id,
        quantified.true_up_cost as x_true_up_cost,
        quantified.line_item_product_code as x_service_code,
        quantified.line_item_usage_type as x_usage_type,
        quantified.line_item_operation as x_operation,
        quantified.line_item_line_item_type as x_line_item_type,
        case
            when quantified.kind = 'discount' then 'discount'
            when quantified.has_list_cost then 'public_on_demand_cost'
            else 'contracted_cost'
        end as x_list_cost_provenance,
        quantified.cost_category as x_cost_categories,
        quantified.split_line_item_parent_resource_id as x_split_parent_id,
        quantified.split_cost as x_split_cost,
        quantified.product_product_family,
        quantified.x_extra
    from quantified
    left join services on quantified.line_item_product_code = services.product_code
    left join regions on quantified.region_id = regions.region_id
)

select
    * exclude (product_instance_type, product_product_family),
    case when resource_id is not null then coalesce(product_product_family, service_name) end as resource_type,
    case
        when sku_price_id is not null and product_instance_type is not null
            then map(['InstanceType'], [product_instance_type])
    end as sku_price_details,
    list_unit_price as pricing_currency_list_unit_price,
    contracted_unit_price as pricing_currency_contracted_unit_price
from final
