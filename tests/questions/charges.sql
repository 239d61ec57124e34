-- A small bill to answer the questions on by hand: 45 charges, amounts that are easy to add up. What a block does not
-- name is empty, but for the defaults at the end.
--
-- Accounts: Northwind (USD) with training (…01), serving (…02) and research (…03); Northwind EU (EUR) with …09; and the
-- provider Nimbus, which sells tokens and has no sub accounts.

-- Metered use on demand. u1 ends where September ends, o1 where October ends (and has no invoice yet), n1 begins where
-- November begins; y1 lies a year before u1. Of u4 and u5 the export has no list price: it is imputed. u6 is so small
-- that rounding its quantity to two digits would make it nothing.
insert into marts.focus_costs by name
select
    line.* replace (
        cast(line.charge_period_start as timestamp) as charge_period_start,
        cast(line.charge_period_end as timestamp) as charge_period_end
    )
from (
    values
    ('u1', '2026-09-30 23:00', '2026-10-01 00:00', 'inv-09', '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-1', 'SKU-EC2', 'OD', 'Hours', 1, 1, 5, 4, 4, 4, 4, 5, 'public_on_demand_cost', '{project=recommender}', 'm5 on demand'),
    ('u2', '2026-10-01 00:00', '2026-10-01 02:00', 'inv-10', '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-1', 'SKU-EC2', 'OD', 'Hours', 2, 2, 5, 4, 8, 8, 8, 10, 'public_on_demand_cost', '{project=recommender}', 'm5 on demand'),
    ('u3', '2026-10-02 00:00', '2026-10-03 00:00', 'inv-10', '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1b', 'i-2', 'SKU-EC2', 'OD', 'Hours', 10, 10, 5, 4, 40, 40, 40, 50, 'public_on_demand_cost', null, 'm5 on demand'),
    ('u4', '2026-10-02 00:00', '2026-10-03 00:00', 'inv-10', '200000000001', 'Amazon S3', 'us-east-1', null, 'bucket-1', 'SKU-S3', 'OD', 'GB-Mo', 100, 100, 0.03, 0.03, 3, 3, 3, 3, 'contracted_cost', '{user_project=recommender}', 'storage'),
    ('u5', '2026-10-02 00:00', '2026-10-03 00:00', 'inv-10', '200000000002', 'Amazon S3', 'us-east-1', null, 'bucket-2', 'SKU-XFER', 'OD', 'GB', 30, 30, 0.09, 0.09, 2.70, 2.70, 2.70, 2.70, 'contracted_cost', '{Project=}', 'Data Transfer out'),
    ('u6', '2026-10-03 00:00', '2026-10-04 00:00', 'inv-10', '200000000002', 'Amazon S3', 'us-east-1', null, 'bucket-2', 'SKU-XFER', 'OD', 'GB', 0.004, 0.004, 0.09, 0.09, 0.00036, 0.00036, 0.00036, 0.00036, 'public_on_demand_cost', '{Project=}', 'Data Transfer out'),
    ('u7', '2026-10-03 00:00', '2026-10-03 04:00', 'inv-10', '200000000001', 'Amazon SageMaker', 'us-east-1', null, 'job-1', 'SKU-SM', 'SPOT', 'Hours', 4, 4, 5, 1.5, 6, 6, 6, 20, 'public_on_demand_cost', '{project=recommender}', 'spot training'),
    ('u8', '2026-10-03 00:00', '2026-10-03 02:00', 'inv-10', '200000000002', 'Amazon EC2', 'eu-central-1', 'eu-central-1a', 'i-3', 'SKU-EC2', 'OD', 'Hours', 2, 2, 5, 5, 10, 10, 10, 10, 'public_on_demand_cost', '{project=search}', 'm5 on demand'),
    ('o1', '2026-10-31 23:00', '2026-11-01 00:00', null, '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-1', 'SKU-EC2', 'OD', 'Hours', 1, 1, 5, 4, 4, 4, 4, 5, 'public_on_demand_cost', '{project=recommender}', 'm5 on demand'),
    ('n1', '2026-11-01 00:00', '2026-11-01 01:00', null, '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-1', 'SKU-EC2', 'OD', 'Hours', 1, 1, 5, 4, 4, 4, 4, 5, 'public_on_demand_cost', '{project=recommender}', 'm5 on demand'),
    ('y1', '2025-09-15 00:00', '2025-09-15 05:00', 'inv-2509', '200000000001', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-1', 'SKU-EC2', 'OD', 'Hours', 5, 5, 5, 5, 25, 25, 25, 25, 'public_on_demand_cost', '{project=recommender}', 'm5 on demand')
) as line (
    x_line_id, charge_period_start, charge_period_end, invoice_id, sub_account_id, service_name, region_id,
    availability_zone, resource_id, sku_id, sku_price_id, pricing_unit, pricing_quantity, consumed_quantity,
    list_unit_price, contracted_unit_price, billed_cost, effective_cost, contracted_cost, list_cost,
    x_list_cost_provenance, tags, charge_description
);

-- Capacity reservation cr-1: r1 used it, r2 and r3 are what nobody used; r3 ends where October ends. And in euros: e1, e2.
insert into marts.focus_costs by name
select
    line.* replace (
        cast(line.charge_period_start as timestamp) as charge_period_start,
        cast(line.charge_period_end as timestamp) as charge_period_end
    )
from (
    values
    ('r1', '2026-10-05 00:00', '2026-10-05 02:00', 'inv-10', '100000000001', '200000000002', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'i-4', 'SKU-EC2', 'Hours', 2, 5, 5, 10, 10, 10, 10, 'cr-1', 'Used', '{project=search}'),
    ('r2', '2026-10-05 02:00', '2026-10-05 05:00', 'inv-10', '100000000001', '200000000002', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'cr-1', 'SKU-EC2', 'Hours', 3, 5, 5, 15, 15, 15, 15, 'cr-1', 'Unused', null),
    ('r3', '2026-10-31 23:00', '2026-11-01 00:00', 'inv-10', '100000000001', '200000000002', 'Amazon EC2', 'us-east-1', 'us-east-1a', 'cr-1', 'SKU-EC2', 'Hours', 1, 5, 5, 5, 5, 5, 5, 'cr-1', 'Unused', null),
    ('e1', '2026-10-02 00:00', '2026-10-03 00:00', 'inv-eu-10', '100000000009', '200000000009', 'Amazon EC2', 'eu-central-1', 'eu-central-1a', 'i-9', 'SKU-EC2', 'Hours', 10, 6, 5, 50, 50, 50, 60, null, null, '{project=recommender}'),
    ('e2', '2026-10-02 00:00', '2026-10-03 00:00', 'inv-eu-10', '100000000009', '200000000009', 'Amazon S3', 'eu-central-1', null, 'bucket-9', 'SKU-S3', 'GB-Mo', 60, 0.1, 0.1, 6, 6, 6, 6, null, null, null)
) as line (
    x_line_id, charge_period_start, charge_period_end, invoice_id, billing_account_id, sub_account_id, service_name,
    region_id, availability_zone, resource_id, sku_id, pricing_unit, pricing_quantity, list_unit_price,
    contracted_unit_price, billed_cost, effective_cost, contracted_cost, list_cost, capacity_reservation_id,
    capacity_reservation_status, tags
);

-- Commitments. Savings plan sp-1: the fees c0 (September) and c1 (October), of October's 31 c2 used 12 and c3 is left; in
-- September nobody used it (c5). c4 pays for reservation ri-1 at once.
insert into marts.focus_costs by name
select
    line.* replace (
        cast(line.charge_period_start as timestamp) as charge_period_start,
        cast(line.charge_period_end as timestamp) as charge_period_end
    )
from (
    values
    ('c0', '2026-09-01 00:00', '2026-10-01 00:00', 'inv-09', '200000000001', 'Savings Plans', 'Purchase', 'Recurring', 'sp-1', 'Compute Savings Plan', 30, 'USD', null, 'sp-1', 720, 30, 0, 30, 30, 'contracted_cost', null),
    ('c1', '2026-10-01 00:00', '2026-11-01 00:00', 'inv-10', '200000000001', 'Savings Plans', 'Purchase', 'Recurring', 'sp-1', 'Compute Savings Plan', 31, 'USD', null, 'sp-1', 744, 31, 0, 31, 31, 'contracted_cost', null),
    ('c2', '2026-10-04 00:00', '2026-10-04 05:00', 'inv-10', '200000000002', 'Amazon EC2', 'Usage', 'Usage-Based', 'sp-1', 'Compute Savings Plan', 12, 'USD', 'Used', 'i-3', 5, 0, 12, 20, 25, 'public_on_demand_cost', '{project=search}'),
    ('c3', '2026-10-04 00:00', '2026-10-05 00:00', 'inv-10', '200000000001', 'Savings Plans', 'Usage', 'Usage-Based', 'sp-1', 'Compute Savings Plan', 19, 'USD', 'Unused', 'sp-1', null, 0, 19, 0, 0, 'contracted_cost', null),
    ('c5', '2026-09-30 00:00', '2026-10-01 00:00', 'inv-09', '200000000001', 'Savings Plans', 'Usage', 'Usage-Based', 'sp-1', 'Compute Savings Plan', 30, 'USD', 'Unused', 'sp-1', null, 0, 30, 0, 0, 'contracted_cost', null),
    ('c4', '2026-10-01 00:00', '2026-10-01 01:00', 'inv-10', '200000000001', 'Amazon EC2', 'Purchase', 'One-Time', 'ri-1', 'Reserved Instance', 8760, 'Hours', null, 'ri-1', 1, 120, 0, 120, 120, 'contracted_cost', null)
) as line (
    x_line_id, charge_period_start, charge_period_end, invoice_id, sub_account_id, service_name, charge_category,
    charge_frequency, commitment_discount_id, commitment_discount_type, commitment_discount_quantity,
    commitment_discount_unit, commitment_discount_status, resource_id, pricing_quantity, billed_cost, effective_cost,
    contracted_cost, list_cost, x_list_cost_provenance, tags
);

-- Tax, support, a credit, what October's invoice corrects of September (f1, f2, f3), and what a seller on the marketplace
-- sold (m1).
insert into marts.focus_costs by name
select
    line.* replace (
        cast(line.charge_period_start as timestamp) as charge_period_start,
        cast(line.charge_period_end as timestamp) as charge_period_end
    ),
    line.billed_cost as effective_cost,
    line.billed_cost as contracted_cost,
    line.billed_cost as list_cost,
    'contracted_cost' as x_list_cost_provenance
from (
    values
    ('t1', '2026-10-01 00:00', '2026-11-01 00:00', '2026-10', 'inv-10', '100000000001', '200000000001', 'Amazon EC2', 'Tax', null, 'One-Time', null, 9),
    ('s1', '2026-10-01 00:00', '2026-11-01 00:00', '2026-10', 'inv-10', '100000000001', '200000000001', 'AWS Support', 'Purchase', null, 'Recurring', null, 16),
    ('k1', '2026-10-10 00:00', '2026-10-11 00:00', '2026-10', 'inv-10', '100000000001', '200000000001', 'Amazon EC2', 'Credit', null, 'One-Time', null, -7),
    ('f1', '2026-09-20 00:00', '2026-09-21 00:00', '2026-10', 'inv-10', '100000000001', '200000000001', 'Amazon EC2', 'Usage', 'Correction', 'Usage-Based', 'i-1', -3),
    ('f2', '2026-09-21 00:00', '2026-09-22 00:00', '2026-10', 'inv-10', '100000000001', '200000000002', 'Amazon S3', 'Credit', 'Correction', 'One-Time', null, -1),
    ('f3', '2026-09-22 00:00', '2026-09-23 00:00', '2026-10', 'inv-eu-10', '100000000009', '200000000009', 'Amazon EC2', 'Usage', 'Correction', 'Usage-Based', 'i-9', -2),
    ('m1', '2026-10-06 00:00', '2026-10-07 00:00', '2026-10', 'inv-10', '100000000001', '200000000002', 'Datalark Vector DB', 'Usage', null, 'Usage-Based', 'index-1', 11)
) as line (
    x_line_id, charge_period_start, charge_period_end, billing_period, invoice_id, billing_account_id, sub_account_id,
    service_name, charge_category, charge_class, charge_frequency, resource_id, billed_cost
);

-- Virtual currency: v1 buys 1000 tokens for 200 USD, valid for October; v6 gives 50 for nothing; v2, v3 and v5 use
-- tokens. v5 ends where September ends.
insert into marts.focus_costs by name
select
    line.* replace (
        cast(line.charge_period_start as timestamp) as charge_period_start,
        cast(line.charge_period_end as timestamp) as charge_period_end
    ),
    'nimbus' as x_source,
    'Nimbus' as provider_name,
    'Nimbus AI' as publisher_name,
    'Nimbus AI' as invoice_issuer_name,
    'nimbus-1' as billing_account_id,
    'provider' as x_list_cost_provenance,
    'Nimbus Inference' as service_name,
    'AI and Machine Learning' as service_category,
    'Generative AI' as service_subcategory
from (
    values
    ('v1', '2026-10-01 00:00', '2026-11-01 00:00', 'nim-10', 'Purchase', 'One-Time', 'Token bundle', 'USD', 'NIMBUS_TOKENS', 1000, 0.25, 0.2, 0.25, 0.2, 0, 200, 0, 200, 250),
    ('v2', '2026-10-07 00:00', '2026-10-08 00:00', 'nim-10', 'Usage', 'Usage-Based', 'Inference large', 'NIMBUS_TOKENS', 'Requests', 150, 0.5, 0.4, 2.5, 2, 300, 0, 60, 60, 75),
    ('v3', '2026-10-08 00:00', '2026-10-09 00:00', 'nim-10', 'Usage', 'Usage-Based', 'Embedding', 'NIMBUS_TOKENS', 'Requests', 50, 0.2, 0.2, 1, 1, 50, 0, 10, 10, 10),
    ('v6', '2026-10-09 00:00', '2026-10-10 00:00', 'nim-10', 'Credit', 'One-Time', 'Token bundle', 'USD', 'NIMBUS_TOKENS', 50, null, null, null, null, 0, 0, 0, 0, 0),
    ('v5', '2026-09-30 23:00', '2026-10-01 00:00', 'nim-09', 'Usage', 'Usage-Based', 'Inference large', 'NIMBUS_TOKENS', 'Requests', 10, 0.5, 0.4, 2.5, 2, 20, 0, 4, 4, 5)
) as line (
    x_line_id, charge_period_start, charge_period_end, invoice_id, charge_category, charge_frequency,
    charge_description, pricing_currency, pricing_unit, pricing_quantity, list_unit_price, contracted_unit_price,
    pricing_currency_list_unit_price, pricing_currency_contracted_unit_price, pricing_currency_effective_cost,
    billed_cost, effective_cost, contracted_cost, list_cost
);

-- A history to find an unusual day in: July, account research. On the 9th 40 instead of about 10; a tax (t2) and a fee
-- for the rest of the month (t3) begin that day.
insert into marts.focus_costs by name
select
    'd' || line.day as x_line_id,
    make_timestamp(2026, 7, line.day, 0, 0, 0) as charge_period_start,
    make_timestamp(2026, 7, line.day + 1, 0, 0, 0) as charge_period_end,
    'inv-07' as invoice_id,
    '200000000003' as sub_account_id,
    'Amazon Bedrock' as service_name,
    'us-east-1' as region_id,
    line.cost as billed_cost,
    line.cost as effective_cost,
    line.cost as contracted_cost,
    line.cost as list_cost,
    'public_on_demand_cost' as x_list_cost_provenance
from (values (1, 10), (2, 12), (3, 10), (4, 11), (5, 10), (6, 13), (7, 10), (8, 12), (9, 40)) as line (day, cost);

insert into marts.focus_costs by name
select
    line.x_line_id,
    timestamp '2026-07-09 00:00' as charge_period_start,
    cast(line.charge_period_end as timestamp) as charge_period_end,
    'inv-07' as invoice_id,
    '200000000003' as sub_account_id,
    'Amazon Bedrock' as service_name,
    'us-east-1' as region_id,
    line.charge_category,
    'One-Time' as charge_frequency,
    line.cost as billed_cost,
    line.cost as effective_cost,
    line.cost as contracted_cost,
    line.cost as list_cost,
    'contracted_cost' as x_list_cost_provenance
from (
    values ('t2', '2026-07-10', 'Tax', 50), ('t3', '2026-08-01', 'Usage', 100)
) as line (x_line_id, charge_period_end, charge_category, cost);

-- The defaults.
update marts.focus_costs set
    x_source = coalesce(x_source, 'aws'),
    provider_name = coalesce(provider_name, 'AWS'),
    billing_account_id = coalesce(billing_account_id, '100000000001'),
    billing_period = coalesce(billing_period, strftime(charge_period_start, '%Y-%m')),
    charge_date = cast(charge_period_start as date),
    charge_category = coalesce(charge_category, 'Usage'),
    charge_frequency = coalesce(charge_frequency, 'Usage-Based'),
    x_list_cost_provenance = coalesce(x_list_cost_provenance, 'public_on_demand_cost');

update marts.focus_costs set
    billing_account_name = map {
        '100000000001': 'Northwind', '100000000009': 'Northwind EU', 'nimbus-1': 'Northwind at Nimbus'
    }[billing_account_id],
    billing_account_type = case when provider_name = 'AWS' then 'AWS Payer Account' end,
    sub_account_name = map {
        '200000000001': 'training', '200000000002': 'serving', '200000000003': 'research', '200000000009': 'eu-serving'
    }[sub_account_id],
    sub_account_type = case when sub_account_id is not null then 'AWS Account' end,
    billing_currency = case when billing_account_id = '100000000009' then 'EUR' else 'USD' end,
    billing_period_start = cast(billing_period || '-01' as timestamp),
    billing_period_end = cast(billing_period || '-01' as timestamp) + interval 1 month,
    invoice_issuer_name = coalesce(
        invoice_issuer_name,
        case
            when billing_account_id = '100000000009' then 'Amazon Web Services EMEA SARL'
            else 'Amazon Web Services, Inc.'
        end
    ),
    publisher_name = coalesce(
        publisher_name, case when x_line_id = 'm1' then 'Datalark GmbH' else 'Amazon Web Services, Inc.' end
    ),
    region_name = map {'us-east-1': 'US East (N. Virginia)', 'eu-central-1': 'Europe (Frankfurt)'}[region_id],
    service_category = coalesce(service_category, map {
        'Amazon EC2': 'Compute',
        'Amazon S3': 'Storage',
        'Amazon SageMaker': 'AI and Machine Learning',
        'Amazon Bedrock': 'AI and Machine Learning',
        'Savings Plans': 'Compute',
        'Datalark Vector DB': 'Databases',
        'AWS Support': 'Other'
    }[service_name]),
    service_subcategory = coalesce(service_subcategory, map {
        'Amazon EC2': 'Virtual Machines',
        'Amazon S3': 'Object Storage',
        'Amazon SageMaker': 'Machine Learning',
        'Amazon Bedrock': 'Generative AI',
        'Savings Plans': 'Virtual Machines',
        'Datalark Vector DB': 'Other (Databases)',
        'AWS Support': 'Other (Other)'
    }[service_name]),
    pricing_currency = coalesce(
        pricing_currency, case when billing_account_id = '100000000009' then 'EUR' else 'USD' end
    ),
    pricing_currency_effective_cost = coalesce(pricing_currency_effective_cost, effective_cost),
    pricing_category = case
        when commitment_discount_status is not null then 'Committed' when x_line_id = 'u7' then 'Dynamic' else 'Standard'
    end,
    sku_id = coalesce(sku_id, case when x_line_id = 'c2' then 'SKU-EC2' end),
    sku_price_id = case
        when x_line_id = 'c2' then 'SKU-EC2.OD' when sku_id is not null then sku_id || '.' || coalesce(sku_price_id, 'OD')
    end,
    pricing_unit = coalesce(pricing_unit, case when pricing_quantity is not null then 'Hours' end),
    list_unit_price = coalesce(list_unit_price, case when x_line_id = 'c2' then 5 end),
    consumed_quantity = case when charge_category = 'Usage' and charge_class is null then pricing_quantity end,
    consumed_unit = case
        when charge_category = 'Usage' and charge_class is null and pricing_quantity is not null
            then coalesce(pricing_unit, 'Hours')
    end,
    resource_name = case when resource_id = 'i-1' then 'trainer' end,
    resource_type = case when starts_with(resource_id, 'i-') then 'Compute Instance' end,
    -- Machines have 8 cores each; SageMaker's row names its instance type only, as rows of a CUR do.
    sku_price_details = case
        when service_name = 'Amazon EC2' and charge_category = 'Usage' and sku_id is not null or x_line_id = 'c2'
            then map {'InstanceSeries': 'm5', 'CoreCount': '8'}
        when x_line_id = 'u7' then map {'InstanceType': 'ml.g5.xlarge'}
    end;

-- The account had another name once.
update marts.focus_costs set billing_account_name = 'Northwind Labs' where x_line_id = 'y1';

-- Who owns what: one row a charge, and for support (s1) the rows that share it out, which leave its sum as it is.
insert into marts.allocated_costs by name
with owners (x_line_id, project) as (
    values
    ('u1', 'recommender'), ('u2', 'recommender'), ('u4', 'recommender'), ('u7', 'recommender'), ('o1', 'recommender'),
    ('n1', 'recommender'), ('y1', 'recommender'), ('e1', 'recommender'), ('f1', 'recommender'), ('v3', 'recommender'),
    ('u8', 'search'), ('r1', 'search'), ('c2', 'search'), ('m1', 'search'), ('v2', 'search'), ('v5', 'search')
),

shares (x_line_id, project, cost) as (
    values ('s1', 'unattributed', -16), ('s1', 'recommender', 10), ('s1', 'search', 6)
)

select
    charges.* exclude (charges.x_list_cost_provenance),
    coalesce(owners.project, 'unattributed') as project
from (
    select
        x_source, billing_account_id, billing_period, x_line_id, charge_date, sub_account_id, provider_name,
        service_name, service_category, region_id, resource_id, charge_category, commitment_discount_status,
        billing_currency, billed_cost, effective_cost, list_cost, contracted_cost, x_list_cost_provenance
    from marts.focus_costs
) as charges
left join owners on charges.x_line_id = owners.x_line_id
union all by name
select
    charges.x_source, charges.billing_account_id, charges.billing_period, charges.x_line_id, charges.charge_date,
    charges.sub_account_id, charges.provider_name, charges.service_name, charges.service_category, charges.region_id,
    charges.resource_id, charges.charge_category, charges.commitment_discount_status, charges.billing_currency,
    shares.cost as billed_cost, shares.cost as effective_cost, shares.cost as list_cost,
    shares.cost as contracted_cost, shares.project
from shares
inner join marts.focus_costs as charges on shares.x_line_id = charges.x_line_id;
