{{ config(outlives_lines=true) }}

with landed as (
    select
        billing_account_id,
        billing_currency,
        sum(billed_cost) as billed_cost
    from {{ ref('stg_receipts__control_totals') }}
    group by all
),

-- A commitment that another export pays for (a member account sees its use, the payer the fee) has no fee here.
focus_by_commitment as (
    select
        billing_account_id,
        billing_currency,
        commitment_discount_id,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(x_true_up_cost) as true_up_cost,
        sum(x_true_up_cost) filter (x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')) as amortised_upfront_cost,
        sum(x_true_up_cost) filter (x_line_item_type in ('Fee', 'SavingsPlanUpfrontFee')) as upfront_fee_cost,
        sum(x_true_up_cost) filter (x_line_item_type = 'Refund') as upfront_refund_cost,
        sum(x_true_up_cost) filter (x_line_item_type = 'SavingsPlanNegation') as uncancelled_negation_cost,
        case
            when count(*) filter (x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')) = 0
                then -sum(effective_cost) filter (x_line_item_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage'))
        end as paid_elsewhere_cost
    from {{ ref('focus_costs') }}
    where {{ in_partition() }}
    group by all
),

focus as (
    select
        billing_account_id,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(true_up_cost) as true_up_cost,
        coalesce(sum(amortised_upfront_cost), 0) as amortised_upfront_cost,
        coalesce(sum(upfront_fee_cost), 0) as upfront_fee_cost,
        coalesce(sum(upfront_refund_cost), 0) as upfront_refund_cost,
        coalesce(sum(uncancelled_negation_cost), 0) as uncancelled_negation_cost,
        coalesce(sum(paid_elsewhere_cost), 0) as paid_elsewhere_cost
    from focus_by_commitment
    group by all
),

allocated as (
    select
        billing_account_id,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('allocated_costs') }}
    where {{ in_partition() }}
    group by all
),

daily as (
    select
        billing_account_id,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('daily_spend') }}
    where {{ in_partition() }}
    group by all
),

monthly as (
    select
        billing_account_id,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('monthly_spend') }}
    where {{ in_partition() }}
    group by all
),

accounts as (
    select
        billing_account_id,
        billing_currency
    from landed
    union
    select
        billing_account_id,
        billing_currency
    from focus
    union
    select
        billing_account_id,
        billing_currency
    from allocated
    union
    select
        billing_account_id,
        billing_currency
    from daily
),

totals as (
    select
        accounts.billing_account_id,
        accounts.billing_currency,
        coalesce(landed.billed_cost, 0) as landed_billed_cost,
        coalesce(focus.billed_cost, 0) as focus_billed_cost,
        coalesce(allocated.billed_cost, 0) as allocated_billed_cost,
        coalesce(daily.billed_cost, 0) as daily_spend_billed_cost,
        coalesce(monthly.billed_cost, 0) as monthly_spend_billed_cost,
        coalesce(focus.effective_cost, 0) as focus_effective_cost,
        coalesce(allocated.effective_cost, 0) as allocated_effective_cost,
        coalesce(daily.effective_cost, 0) as daily_spend_effective_cost,
        coalesce(monthly.effective_cost, 0) as monthly_spend_effective_cost,
        focus.amortised_upfront_cost,
        focus.upfront_fee_cost,
        focus.upfront_refund_cost,
        focus.uncancelled_negation_cost,
        focus.paid_elsewhere_cost,
        focus.true_up_cost + focus.paid_elsewhere_cost as true_up_cost
    from accounts
    left join landed using (billing_account_id, billing_currency)
    left join focus using (billing_account_id, billing_currency)
    left join allocated using (billing_account_id, billing_currency)
    left join daily using (billing_account_id, billing_currency)
    left join monthly using (billing_account_id, billing_currency)
),

differences as (
    select
        *,
        focus_billed_cost - focus_effective_cost - true_up_cost as unexplained_cost
    from totals
),

final as (
    select
        *,
        greatest(
            abs(focus_billed_cost - landed_billed_cost),
            abs(allocated_billed_cost - focus_billed_cost),
            abs(daily_spend_billed_cost - allocated_billed_cost),
            abs(monthly_spend_billed_cost - daily_spend_billed_cost),
            abs(allocated_effective_cost - focus_effective_cost),
            abs(daily_spend_effective_cost - allocated_effective_cost),
            abs(monthly_spend_effective_cost - daily_spend_effective_cost),
            abs(coalesce(unexplained_cost, 0))
        ) as largest_difference
    from differences
)

select
    {{ partition_source() }} as x_source,
    billing_account_id,
    {{ partition_period() }} as billing_period,
    * exclude (billing_account_id, largest_difference),
    largest_difference,
    largest_difference < {{ tolerance() }} as is_reconciled
from final
