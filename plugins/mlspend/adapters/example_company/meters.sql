-- A meter makes one line whenever it ticks: all that its lines have in common. `copy` counts the companies of --scale.

create table meters as
with

hourly as (

    select
        copies.copy,
        fleet.* exclude (instances),
        instance,
        'usage' as kind,
        case
            when fleet.commitment is null then 'Usage'
            when fleet.commitment = 'savings plan' then 'SavingsPlanCoveredUsage'
            else 'DiscountedUsage'
        end as line_item_type
    from fleet
    cross join (select unnest(range(getvariable('scale'))) as copy) as copies
    cross join (select unnest(range(100)) as instance) as instances
    where instances.instance < fleet.instances

),

pods as (

    select
        hourly.copy,
        hourly.name || '/' || pod.workload || '/' || part.product as name,
        part.product,
        hourly.account_id,
        pod.project,
        hourly.environment,
        pod.stage,
        hourly.instance,
        'pod' as kind,
        'Usage' as line_item_type,
        'pod' as tagging,
        'arn:aws:eks:us-east-1:{account}:pod/platform-cluster/' || pod.workload || '/{id}' as resource,
        hourly.name as parent_name,
        pod.workload,
        part.share * pod.used_share as used_share,
        part.share * pod.unused_share as unused_share,
        part.capacity
    from hourly
    cross join (
        values
            ('ranking-cache', 'search-ranking', 'inference', 0.55, 0.15),
            ('label-service', 'ml-platform', 'data', 0.20, 0.10)
    ) as pod (workload, project, stage, used_share, unused_share)
    cross join (
        values ('pod cpu', 0.75, 16), ('pod memory', 0.25, 64)
    ) as part (product, share, capacity)
    where hourly.name = 'platform-node'

),

promises as (

    select distinct
        copy,
        'negation of ' || product as name,
        product,
        account_id,
        'negation' as kind,
        'SavingsPlanNegation' as line_item_type
    from hourly
    where commitment = 'savings plan'
    union all by name
    select
        copies.copy,
        v.name,
        v.product,
        '012345678901' as account_id,
        v.kind,
        v.line_item_type
    from (
        values
            ('savings plan hour', 'savings plan', 'plan hour', 'SavingsPlanRecurringFee'),
            ('savings plan upfront', 'savings plan', 'plan upfront', 'SavingsPlanUpfrontFee'),
            ('credit for startups', 'train ml.p4d.24xlarge', 'credit', 'Credit'),
            ('refund of an outage', 'host ml.g5.12xlarge', 'refund', 'Refund'),
            ('subscription to Example Tracker', 'tracker', 'marketplace', 'Usage')
    ) as v (name, product, kind, line_item_type)
    cross join (select unnest(range(getvariable('scale'))) as copy) as copies
    union all by name
    select
        copies.copy,
        fee.kind || ' of ' || offers.offer as name,
        offers.product,
        '012345678901' as account_id,
        fee.kind,
        fee.line_item_type,
        offers.offer as commitment
    from reservation_offers as offers
    cross join (
        values ('reservation month', 'RIFee'), ('reservation upfront', 'Fee')
    ) as fee (kind, line_item_type)
    cross join (select unnest(range(getvariable('scale'))) as copy) as copies

),

-- Once for the whole organisation.
invoice as (

    select
        0 as copy,
        'tax on ' || services.product_code || ' in ' || accounts.account_id as name,
        any_value(products.product) as product,
        accounts.account_id,
        'tax' as kind,
        'Tax' as line_item_type
    from accounts
    cross join services
    inner join products on services.product_code = products.product_code
    where services.product_code != 'AWSSupportBusiness'
    group by all
    union all by name
    select
        0 as copy,
        'support' as name,
        'support' as product,
        '012345678901' as account_id,
        'support' as kind,
        'Fee' as line_item_type

),

together as (

    select * from hourly
    union all by name
    select * from pods
    union all by name
    select * from promises
    union all by name
    select * from invoice

),

numbered as (

    select
        *,
        row_number() over (order by copy, name, account_id, instance) as meter_id
    from together

)

select
    numbered.* replace (
        fill_in(resource, account_id, products.region, name, copy, hexadecimal(scramble(meter_id), 0)) as resource
    ),
    scramble(meter_id) as seed,
    -- Decides the part file: a pod's lines are made from its node's, so they stand in the same one.
    scramble(min(meter_id) over (partition by copy, account_id, coalesce(parent_name, name), instance)) as shelf,
    coalesce(contains(resource, '{run}'), false) as has_runs,
    products.price,
    products.savings_plan_rate,
    products.product_code,
    contains(products.product, 'spot') as is_spot,
    reservation_offers.recurring_rate,
    reservation_offers.upfront_rate
from numbered
inner join products on numbered.product = products.product
left join reservation_offers on numbered.commitment = reservation_offers.offer;
