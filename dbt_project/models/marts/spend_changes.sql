{{ config(appends_rows=true, post_hook=["{{ create_spend_as_known_on() }}", "{{ describe_spend_as_known_on() }}"]) }}

{# What was known is the sum of the log itself, not what the lake held: so the log adds up to the partition by
   construction, no file of an earlier build is opened, and lines that have gone can be restated still. #}
with known as (
    select
        billing_account_id,
        charge_date,
        sub_account_id,
        service_name,
        charge_category,
        spans_days,
        billing_currency,
        sum(billed_cost_change) as billed_cost,
        sum(effective_cost_change) as effective_cost,
        sum(line_count_change) as line_count
    from {{ this }}
    where {{ in_partition() }}
    group by all
),

found as (
    select
        billing_account_id,
        charge_date,
        sub_account_id,
        service_name,
        charge_category,
        coalesce(charge_period_end > charge_date + interval 1 day, false) as spans_days,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        count(*) as line_count
    from {{ ref('focus_costs') }}
    where {{ in_partition() }}
    group by all
),

-- What was known of each billing account, in whatever export. Fees, taxes and unused commitments are dated up to the
-- month's end: only billed use tells how far the days reached; without any, bills trail by up to two days.
accounts as (
    select
        billing_account_id,
        bool_or(billing_period = {{ partition_period() }}) as knows_period,
        coalesce(
            max(charge_date) filter (charge_category = 'Usage' and not spans_days and billed_cost_after <> 0),
            cast(max(known_at) as date) - 2
        ) as newest_day
    from {{ this }}
    where build_id <> {{ build_id() }}
    group by billing_account_id
),

-- Keys may be NULL, so both sides are added up instead of joined.
sides as (
    select
        * exclude (billed_cost, effective_cost, line_count),
        billed_cost as billed_cost_before,
        effective_cost as effective_cost_before,
        line_count as line_count_before,
        cast(0 as decimal(38, 12)) as billed_cost_after,
        cast(0 as decimal(38, 12)) as effective_cost_after,
        0 as line_count_after
    from known
    union all by name
    select
        * exclude (billed_cost, effective_cost, line_count),
        cast(0 as decimal(38, 12)) as billed_cost_before,
        cast(0 as decimal(38, 12)) as effective_cost_before,
        0 as line_count_before,
        billed_cost as billed_cost_after,
        effective_cost as effective_cost_after,
        line_count as line_count_after
    from found
),

compared as (
    select
        billing_account_id,
        charge_date,
        sub_account_id,
        service_name,
        charge_category,
        spans_days,
        billing_currency,
        sum(billed_cost_before) as billed_cost_before,
        sum(billed_cost_after) as billed_cost_after,
        sum(effective_cost_before) as effective_cost_before,
        sum(effective_cost_after) as effective_cost_after,
        cast(sum(line_count_before) as bigint) as line_count_before,
        cast(sum(line_count_after) as bigint) as line_count_after
    from sides
    group by all
),

changed as (
    select
        compared.*,
        case
            when {{ partition_version() }} is null then 'withdrawn'
            when accounts.knows_period is not true then 'first'
            when {{ previous_version() }} is null then 'restated'
            when {{ previous_version() }} = {{ partition_version() }} then 'recalculated'
            when compared.charge_date > accounts.newest_day then 'new_day'
            when compared.charge_date = accounts.newest_day then 'newest_day'
            when
                compared.spans_days
                and accounts.newest_day < last_day(cast({{ partition_period() }} || '-01' as date))
                then 'open_month'
            else 'restated'
        end as change_kind
    from compared
    left join accounts on compared.billing_account_id is not distinct from accounts.billing_account_id
    where
        compared.billed_cost_before <> compared.billed_cost_after
        or compared.effective_cost_before <> compared.effective_cost_after
        or compared.line_count_before <> compared.line_count_after
)

select
    {{ partition_source() }} as x_source,
    billing_account_id,
    {{ partition_period() }} as billing_period,
    charge_date,
    sub_account_id,
    service_name,
    charge_category,
    spans_days,
    billing_currency,
    billed_cost_before,
    billed_cost_after,
    billed_cost_after - billed_cost_before as billed_cost_change,
    effective_cost_before,
    effective_cost_after,
    effective_cost_after - effective_cost_before as effective_cost_change,
    line_count_before,
    line_count_after,
    line_count_after - line_count_before as line_count_change,
    change_kind,
    {{ previous_version() }} as from_version,
    {{ partition_version() }} as to_version,
    {{ build_id() }} as build_id,
    {{ built_at() }} as known_at
from changed
