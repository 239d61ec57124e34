{{ config(outlives_lines=true) }}

with control_totals as (
    select * from {{ ref('stg_receipts__control_totals') }}
),

-- Receipts of releases that did not tell the invoice: all of an account is then compared in one row.
receipt as (
    select bool_and(tells_invoices) as tells_invoices from control_totals
),

landed as (
    select
        billing_account_id,
        billing_currency,
        case when tells_invoices then invoice_id end as invoice_id,
        sum(billed_cost) as landed_billed_cost
    from control_totals
    group by all
),

focus_by_commitment as (
    select
        billing_account_id,
        billing_currency,
        case when receipt.tells_invoices then nullif(invoice_id, '') end as invoice_id,
        commitment_discount_id,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        sum(x_true_up_cost) as true_up_cost,
        sum(x_true_up_cost) filter (x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')) as amortised_upfront_cost,
        sum(x_true_up_cost) filter (x_line_item_type in ('Fee', 'SavingsPlanUpfrontFee')) as upfront_fee_cost,
        sum(x_true_up_cost) filter (x_line_item_type = 'Refund') as upfront_refund_cost,
        sum(x_true_up_cost) filter (x_line_item_type = 'SavingsPlanNegation') as uncancelled_negation_cost,
        count(*) filter (x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')) as fee_count,
        -sum(effective_cost) filter (
            x_line_item_type in ('DiscountedUsage', 'SavingsPlanCoveredUsage')
        ) as covered_cost,
        sum(billed_cost - effective_cost - x_true_up_cost) filter (
            x_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')
        ) as used_fee_cost,
        min(sub_account_id) as first_account,
        max(sub_account_id) as last_account
    from {{ ref('focus_costs') }}
    cross join receipt
    where {{ in_partition() }}
    group by all
),

-- A commitment that another export pays for (a member account sees its use, the payer the fee) has no fee here. And a
-- member account that bought one sees its fee, but not what other accounts used of it. Only there may that be left
-- over: an export of the payer, or of more accounts than one, has all use, and must come out even.
focus as (
    select
        * exclude (fee_count, covered_cost, used_fee_cost, first_account, last_account),
        case
            when
                min(first_account) over account = max(last_account) over account
                and min(first_account) over account <> billing_account_id
                and sum(fee_count) over commitment > 0
                and sum(used_fee_cost) over commitment + coalesce(sum(covered_cost) over commitment, 0) > 0
                then coalesce(used_fee_cost, 0) + coalesce(covered_cost, 0)
        end as used_elsewhere_cost,
        case
            when
                sum(fee_count) over commitment = 0
                then covered_cost
        end as paid_elsewhere_cost
    from focus_by_commitment
    window
        account as (partition by billing_account_id, billing_currency),
        commitment as (partition by billing_account_id, billing_currency, commitment_discount_id)
),

{% for name in ['allocated_costs', 'daily_spend', 'monthly_spend'] %}
    {{ name | replace('allocated_costs', 'allocated') }} as (
        select
            billing_account_id,
            billing_currency,
            case when receipt.tells_invoices then nullif(invoice_id, '') end as invoice_id,
            sum(billed_cost) as billed_cost,
            sum(effective_cost) as effective_cost
        from {{ ref(name) }}
        cross join receipt
        where {{ in_partition() }}
        group by all
    ),
{% endfor %}

-- Invoices may be NULL, so the sides are added up instead of joined.
hops as (
    select * from landed
    union all by name
    select
        * exclude (commitment_discount_id, billed_cost, effective_cost),
        billed_cost as focus_billed_cost,
        effective_cost as focus_effective_cost
    from focus
    {% for side in ['allocated', 'daily_spend', 'monthly_spend'] %}
        union all by name
        select
            * exclude (billed_cost, effective_cost),
            billed_cost as {{ side }}_billed_cost,
            effective_cost as {{ side }}_effective_cost
        from {{ side }}
    {% endfor %}
),

totals as (
    select
        billing_account_id,
        billing_currency,
        invoice_id,
        coalesce(sum(landed_billed_cost), 0) as landed_billed_cost,
        coalesce(sum(focus_billed_cost), 0) as focus_billed_cost,
        coalesce(sum(allocated_billed_cost), 0) as allocated_billed_cost,
        coalesce(sum(daily_spend_billed_cost), 0) as daily_spend_billed_cost,
        coalesce(sum(monthly_spend_billed_cost), 0) as monthly_spend_billed_cost,
        coalesce(sum(focus_effective_cost), 0) as focus_effective_cost,
        coalesce(sum(allocated_effective_cost), 0) as allocated_effective_cost,
        coalesce(sum(daily_spend_effective_cost), 0) as daily_spend_effective_cost,
        coalesce(sum(monthly_spend_effective_cost), 0) as monthly_spend_effective_cost,
        coalesce(sum(amortised_upfront_cost), 0) as amortised_upfront_cost,
        coalesce(sum(upfront_fee_cost), 0) as upfront_fee_cost,
        coalesce(sum(upfront_refund_cost), 0) as upfront_refund_cost,
        coalesce(sum(uncancelled_negation_cost), 0) as uncancelled_negation_cost,
        coalesce(sum(paid_elsewhere_cost), 0) as paid_elsewhere_cost,
        coalesce(sum(used_elsewhere_cost), 0) as used_elsewhere_cost,
        sum(true_up_cost) + coalesce(sum(paid_elsewhere_cost), 0) + coalesce(sum(used_elsewhere_cost), 0)
            as true_up_cost
    from hops
    group by all
),

-- Fees of a commitment and its use may stand on different invoices: only over the account nothing may be left.
differences as (
    select
        *,
        focus_billed_cost - focus_effective_cost - true_up_cost as other_invoices_cost,
        sum(focus_billed_cost - focus_effective_cost - true_up_cost) over (
            partition by billing_account_id, billing_currency
        ) as unexplained_cost
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
