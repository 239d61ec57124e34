-- What all lines of a meter have in common on one bill, under CUR 2.0's names: put together once per period, so that a
-- line costs only what differs from the line before. What is not named here or in line_items.sql is null, as most
-- columns of most real lines are.

create or replace view meter_lines as
with

commitments as (

    select
        meters.meter_id,
        reservations.arn as reservation_reservation_a_r_n,
        reservations.subscription as reservation_subscription_id,
        reservations.payment_option as pricing_purchase_option,
        reservations.offering_class as pricing_offering_class,
        case when reservations.arn is not null then '1yr' end as pricing_lease_contract_length,
        strftime(fees.starts_at, '%Y-%m-%dT%H:%M:%S.000Z') as reservation_start_time,
        strftime(fees.ends_at - interval 1 second, '%Y-%m-%dT%H:%M:%S.000Z') as reservation_end_time,
        case when fees.arn is not null then 'Original' end as reservation_modification_status,
        cast(fees.instances as varchar) as reservation_number_of_reservations,
        cast(fees.reserved_hours as varchar) as reservation_total_reserved_units,
        cast(cast(fees.reserved_hours / fees.instances as bigint) as varchar) as reservation_units_per_reservation,
        cast(fees.upfront_value as double) as reservation_upfront_value,
        plans.arn as savings_plan_savings_plan_a_r_n,
        strftime(plans.starts_at, '%Y-%m-%dT%H:%M:%S.000Z') as savings_plan_start_time,
        strftime(plans.ends_at - interval 1 second, '%Y-%m-%dT%H:%M:%S.000Z') as savings_plan_end_time,
        case when plans.arn is not null then 'ComputeSavingsPlans' end as savings_plan_offering_type,
        plans.payment_option as savings_plan_payment_option,
        case when plans.arn is not null then '3yr' end as savings_plan_purchase_term,
        case when plans.arn is not null then 'Any' end as savings_plan_region,
        case when meters.line_item_type = 'SavingsPlanCoveredUsage' then cast(meters.savings_plan_rate as double) end
            as savings_plan_savings_plan_rate
    from meters
    left join reservations on meters.copy = reservations.copy and meters.commitment = reservations.offer
    -- How much is reserved, and until when, only stands on the monthly fee.
    left join reservations as fees
        on meters.copy = fees.copy and meters.commitment = fees.offer and meters.line_item_type = 'RIFee'
    left join savings_plans as plans
        on meters.copy = plans.copy and starts_with(meters.line_item_type, 'SavingsPlan')

),

-- A tax line says what it taxes and no more; machines have a size and stand in a zone.
described as (

    select
        meters.*,
        products.* exclude (product, product_code, price, savings_plan_rate),
        services.service_name,
        upper(md5(products.product || products.usage_type)[1:16]) as sku,
        case products.region when 'us-east-1' then 'US East (N. Virginia)' when 'eu-west-1' then 'EU (Ireland)' end
            as location,
        meters.product_code in ('AmazonEC2', 'AmazonRDS') and products.instance_type is not null as is_machine,
        meters.kind = 'usage' and meters.line_item_type != 'DiscountedUsage' and not meters.is_spot as is_on_demand
    from meters
    inner join products on meters.product = products.product
    inner join services on meters.product_code = services.product_code
    where meters.kind != 'tax'
    union all by name
    select meters.*, services.service_name
    from meters
    inner join services on meters.product_code = services.product_code
    where meters.kind = 'tax'

),

final as (

    select
        lines.meter_id,
        -- The bill.
        month.starts_at as bill_billing_period_start_date,
        month.ends_at as bill_billing_period_end_date,
        case
            when lines.kind = 'refund' then 'Refund'
            when lines.kind in ('plan upfront', 'reservation upfront', 'marketplace') then 'Purchase'
            else 'Anniversary'
        end as bill_bill_type,
        case lines.kind when 'marketplace' then 'AWS Marketplace' else 'AWS' end as bill_billing_entity,
        case lines.kind when 'marketplace' then 'Amazon Web Services EMEA SARL' else 'Amazon Web Services, Inc.' end
            as bill_invoicing_entity,
        case lines.kind when 'marketplace' then 'Example Tracking Software GmbH' else 'Amazon Web Services, Inc.' end
            as line_item_legal_entity,
        -- Numbered when the bill is final, which the last month is not yet.
        case when not month.is_open then cast(
            1000000000 + scramble(month.months_before * 64 + length(bill_bill_type) + length(bill_billing_entity))
            as varchar
        ) end as bill_invoice_id,
        '012345678901' as bill_payer_account_id,
        'example-ml-payer' as bill_payer_account_name,
        map { 'business_unit': accounts.business_unit } as cost_category,
        -- Equal for all hours of a meter: the id is one of a line only together with its time interval.
        md5(concat_ws('/', lines.copy, lines.name, lines.account_id, lines.instance, month.period))
            as identity_line_item_id,

        -- The line.
        lines.account_id as line_item_usage_account_id,
        accounts.account_name as line_item_usage_account_name,
        lines.line_item_type as line_item_line_item_type,
        lines.product_code as line_item_product_code,
        case when starts_with(lines.kind, 'reservation') then offers.usage_type else lines.usage_type end
            as line_item_usage_type,
        lines.operation as line_item_operation,
        'USD' as line_item_currency_code,
        case lines.kind when 'tax' then 'USSalesTax' end as line_item_tax_type,
        case when lines.is_machine and lines.kind = 'usage' then lines.region || 'abc'[1 + lines.seed % 3] end as line_item_availability_zone,
        case when lines.is_machine then normalization_factor_of(lines.instance_type) end
            as line_item_normalization_factor,
        case lines.kind
            when 'tax' then 'Tax for product code ' || lines.product_code
            when 'credit' then 'AWS Activate credit for machine learning'
            when 'refund' then 'Refund for interrupted endpoints'
            when 'support' then 'AWS Support (Business): 3 % of monthly AWS usage'
            when 'negation' then 'SavingsPlanNegation used by AccountId : ' || lines.account_id
            when 'plan hour' then '3 year Partial Upfront Compute Savings Plan'
            when 'plan upfront' then 'Sign up charge for a 3 year Partial Upfront Compute Savings Plan'
            when 'reservation month' then 'USD ' || short_price_text(offers.recurring_rate) || ' hourly fee per '
                || lines.instance_type || ' instance'
            when 'reservation upfront' then 'Sign up charge for reserved ' || lines.instance_type || ' instances'
            when 'pod' then lines.usage_type || ' of ' || lines.workload
            else case
                when lines.line_item_type = 'DiscountedUsage' then lines.instance_type || ' reserved instance applied'
                when lines.is_spot then lines.instance_type || ' Linux/UNIX Spot Instance-hour in ' || lines.region
                else '$' || short_price_text(lines.price) || ' per ' || lines.unit || ' of ' || lines.usage_type
            end
        end as line_item_line_item_description,
        case when lines.is_on_demand then price_text(lines.price) end as known_rate,
        resource_tags_of(
            lines.tagging, lines.project, projects.team, lines.environment, lines.stage, lines.workload
        ) as resource_tags,

        -- What was bought.
        case when lines.region is null then map { 'product_name': lines.service_name } else map {
            'product_name': lines.service_name, 'servicename': lines.service_name, 'region': lines.region
        } end as product,
        lines.family as product_product_family,
        lines.instance_type as product_instance_type,
        split_part(replace(lines.instance_type, 'ml.', ''), '.', 1) as product_instance_family,
        lines.operation as product_operation,
        lines.region as product_region_code,
        lines.location as product_location,
        case when lines.location is not null then 'AWS Region' end as product_location_type,
        case when lines.family = 'Data Transfer' then 'AWSDataTransfer' when lines.sku is not null then lines.product_code
        end as product_servicecode,
        lines.sku as product_sku,
        lines.usage_type as product_usagetype,
        case when lines.kind not in ('credit', 'refund', 'support') then lines.unit end as pricing_unit,
        case
            when lines.kind = 'pod' or lines.is_on_demand then 'OnDemand'
            when lines.line_item_type in ('DiscountedUsage', 'RIFee') then 'Reserved'
        end as pricing_term,
        cast(scramble(length(lines.usage_type) * 997 + ascii(lines.sku)) as varchar) as pricing_rate_id,
        case when lines.kind = 'usage' then lines.sku || '.JRTCKXETXF.6YS6EN2CT7' end as pricing_rate_code,
        'USD' as pricing_currency,
        case when lines.kind = 'usage' and not lines.is_spot then price_text(lines.price) end
            as pricing_public_on_demand_rate,
        commitments.* exclude (meter_id)
    from described as lines
    inner join commitments on lines.meter_id = commitments.meter_id
    inner join accounts on lines.account_id = accounts.account_id
    left join projects on lines.project = projects.project
    left join reservation_offers as offers on lines.commitment = offers.offer
    cross join month
    where getvariable('part') is null or lines.shelf % getvariable('parts') = getvariable('part')

)

select * from final;
