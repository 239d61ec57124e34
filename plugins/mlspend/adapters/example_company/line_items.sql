-- From narrow charges to CUR 2.0 rows. What all lines of a meter have in common is put together once per period
-- (meter_lines); what a line does not name is null, as most columns of most real lines are.

create or replace view meter_lines as
select
    meters.meter_id,
    case when kind != 'tax' then upper(md5(products.product || products.usage_type)[1:16]) end as sku,
    month.starts_at as bill_billing_period_start_date,
    month.ends_at as bill_billing_period_end_date,
    case
        when kind = 'refund' then 'Refund'
        when kind in ('plan upfront', 'reservation upfront', 'marketplace') then 'Purchase'
        else 'Anniversary'
    end as bill_bill_type,
    case kind when 'marketplace' then 'AWS Marketplace' else 'AWS' end as bill_billing_entity,
    case kind when 'marketplace' then 'Amazon Web Services EMEA SARL' else 'Amazon Web Services, Inc.' end
        as bill_invoicing_entity,
    case kind when 'marketplace' then 'Example Tracking Software GmbH' else 'Amazon Web Services, Inc.' end
        as line_item_legal_entity,
    case when not month.is_open then cast(
        1000000000 + scramble(month.months_before * 16 + length(bill_bill_type) + length(bill_billing_entity)) as varchar
    ) end as bill_invoice_id,
    '012345678901' as bill_payer_account_id,
    'example-ml-payer' as bill_payer_account_name,
    map { 'business_unit': accounts.business_unit } as cost_category,
    md5(meters.copy || meters.name || meters.account_id || coalesce(meters.instance, 0) || month.period)
        as identity_line_item_id,
    meters.account_id as line_item_usage_account_id,
    accounts.account_name as line_item_usage_account_name,
    meters.line_item_type as line_item_line_item_type,
    meters.product_code as line_item_product_code,
    case
        when kind = 'reservation month' then offers.usage_type
        else products.usage_type
    end as line_item_usage_type,
    case when kind = 'tax' then null else products.operation end as line_item_operation,
    'USD' as line_item_currency_code,
    case kind when 'tax' then 'USSalesTax' end as line_item_tax_type,
    case
        when products.instance_type is not null and meters.product_code != 'AmazonSageMaker' and kind != 'tax'
            and not starts_with(kind, 'plan')
            then products.region || 'abc'[1 + meters.seed % 3]
    end as line_item_availability_zone,
    case
        when products.instance_type is not null and meters.product_code != 'AmazonSageMaker' and kind != 'tax'
            then normalization_factor_of(products.instance_type)
    end as line_item_normalization_factor,
    case kind
        when 'tax' then 'Tax for product code ' || meters.product_code
        when 'credit' then 'AWS Activate credit for machine learning'
        when 'refund' then 'Refund for interrupted endpoints'
        when 'support' then 'AWS Support (Business): 3 % of monthly AWS usage'
        when 'negation' then 'SavingsPlanNegation used by AccountId : ' || meters.account_id || ' and UsageSku : ' || sku
        when 'plan hour' then '3 year Partial Upfront Compute Savings Plan'
        when 'plan upfront' then 'Sign up charge for a 3 year Partial Upfront Compute Savings Plan'
        when 'reservation month'
            then 'USD ' || offers.recurring_rate::double || ' hourly fee per ' || products.instance_type || ' instance'
        when 'reservation upfront' then 'Sign up charge for reserved ' || products.instance_type || ' instances'
        when 'pod' then products.usage_type || ' of ' || meters.workload
        else case
            when meters.line_item_type = 'DiscountedUsage' then products.instance_type || ' reserved instance applied'
            when meters.is_spot then products.instance_type || ' Linux/UNIX Spot Instance-hour in ' || products.region
            else '$' || printf('%.10g', products.price::double) || ' per ' || products.unit || ' of ' || products.usage_type
        end
    end as line_item_line_item_description,
    case when kind in ('usage', 'pod') then resource_tags_of(
        meters.tagging, meters.project, projects.team, meters.environment, meters.stage, meters.workload
    ) else cast(map {} as map(varchar, varchar)) end as resource_tags,
    case when kind != 'tax' then map {
        'product_name': services.service_name,
        'servicename': services.service_name,
        'region': products.region
    } else map { 'product_name': services.service_name } end as product,
    case when kind != 'tax' then products.family end as product_product_family,
    case when kind != 'tax' then products.instance_type end as product_instance_type,
    case when kind != 'tax' then split_part(replace(products.instance_type, 'ml.', ''), '.', 1) end as product_instance_family,
    case when kind != 'tax' then products.operation end as product_operation,
    case when kind != 'tax' then products.region end as product_region_code,
    case
        when kind = 'tax' then null
        when products.region = 'us-east-1' then 'US East (N. Virginia)'
        when products.region = 'eu-west-1' then 'EU (Ireland)'
    end as product_location,
    case when product_location is not null then 'AWS Region' end as product_location_type,
    case
        when kind = 'tax' then null when products.family = 'Data Transfer' then 'AWSDataTransfer'
        else meters.product_code
    end as product_servicecode,
    sku as product_sku,
    case when kind != 'tax' then products.usage_type end as product_usagetype,
    case when kind not in ('tax', 'credit', 'refund', 'support') then products.unit end as pricing_unit,
    case
        when kind = 'pod' or kind = 'usage' and meters.line_item_type != 'DiscountedUsage' and not meters.is_spot
            then 'OnDemand'
        when meters.line_item_type in ('DiscountedUsage', 'RIFee') then 'Reserved'
    end as pricing_term,
    case when kind != 'tax' then cast(scramble(1000 + length(products.usage_type) * 31 + ascii(products.usage_type)) as varchar) end as pricing_rate_id,
    case when kind = 'usage' then sku || '.JRTCKXETXF.6YS6EN2CT7' end as pricing_rate_code,
    'USD' as pricing_currency,
    case when meters.line_item_type in ('DiscountedUsage', 'RIFee') then offers.payment_option end as pricing_purchase_option,
    case when meters.line_item_type in ('DiscountedUsage', 'RIFee') then offers.offering_class end as pricing_offering_class,
    case when meters.line_item_type in ('DiscountedUsage', 'RIFee') then '1yr' end as pricing_lease_contract_length,
    case when kind = 'usage' and not meters.is_spot then price_text(products.price) end as pricing_public_on_demand_rate
from meters
inner join products on meters.product = products.product
inner join services on meters.product_code = services.product_code
inner join accounts on meters.account_id = accounts.account_id
left join projects on meters.project = projects.project
left join reservation_offers as offers on meters.commitment = offers.offer
cross join month
where getvariable('part') is null or meters.seed % getvariable('parts') = getvariable('part');

create or replace view line_items as
select * from line_item_columns
union all by name
select
    meter_lines.* exclude (meter_id, sku),
    -- An hour, or the whole month: YYYY-MM-DDTHH:MM:SSZ/YYYY-MM-DDTHH:MM:SSZ.
    strftime(charges.starts_at, '%Y-%m-%dT%H:%M:%SZ/') || strftime(charges.ends_at, '%Y-%m-%dT%H:%M:%SZ')
        as identity_time_interval,
    charges.starts_at as line_item_usage_start_date,
    charges.ends_at as line_item_usage_end_date,
    charges.resource_id as line_item_resource_id,
    charges.amount::double as line_item_usage_amount,
    charges.amount::double * line_item_normalization_factor as line_item_normalized_usage_amount,
    price_text(charges.rate) as line_item_unblended_rate,
    line_item_unblended_rate as line_item_blended_rate,
    charges.unblended_cost::double as line_item_unblended_cost,
    line_item_unblended_cost as line_item_blended_cost,
    charges.public_cost::double as pricing_public_on_demand_cost,
    charges.reservation_arn as reservation_reservation_a_r_n,
    charges.reservation_recurring_cost::double as reservation_recurring_fee_for_usage,
    charges.reservation_upfront_cost::double as reservation_amortized_upfront_cost_for_usage,
    (charges.reservation_recurring_cost + charges.reservation_upfront_cost)::double as reservation_effective_cost,
    charges.reservation_month_upfront::double as reservation_amortized_upfront_fee_for_billing_period,
    charges.reservation_unused_hours::double as reservation_unused_quantity,
    charges.reservation_unused_recurring::double as reservation_unused_recurring_fee,
    charges.reservation_unused_upfront::double as reservation_unused_amortized_upfront_fee_for_billing_period,
    charges.savings_plan_arn as savings_plan_savings_plan_a_r_n,
    charges.savings_plan_rate::double as savings_plan_savings_plan_rate,
    charges.savings_plan_cost::double as savings_plan_savings_plan_effective_cost,
    charges.plan_recurring_cost::double as savings_plan_recurring_commitment_for_billing_period,
    charges.plan_upfront_cost::double as savings_plan_amortized_upfront_commitment_for_billing_period,
    charges.plan_commitment::double as savings_plan_total_commitment_to_date,
    charges.plan_used_commitment::double as savings_plan_used_commitment,
    charges.split_parent as split_line_item_parent_resource_id,
    charges.split_usage::double as split_line_item_split_usage,
    charges.split_usage::double as split_line_item_actual_usage,
    charges.split_usage::double as split_line_item_reserved_usage,
    charges.split_ratio::double as split_line_item_split_usage_ratio,
    charges.split_cost::double as split_line_item_split_cost,
    charges.split_unused_cost::double as split_line_item_unused_cost,
    charges.split_public_cost::double as split_line_item_public_on_demand_split_cost,
    charges.split_public_unused_cost::double as split_line_item_public_on_demand_unused_cost
from charges
inner join meter_lines on charges.meter_id = meter_lines.meter_id;
