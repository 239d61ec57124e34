{# Which charges the AWS lines are, and what each costs. One line is one charge, with three exceptions: the recurring
   fee of a commitment is a purchase and, spread over its days, the commitment's unused part; negations of savings
   plans are folded into the usage they cancel; and what they do not cancel exactly stays as a charge of its own. #}
with payers as materialized (
    select * from {{ ref('int_aws__payers_netted') }}
),

lines as not materialized (
    select
        line_items.*,
        coalesce(payers.is_net, false) as is_net,
        {{ aws_line_kind() }} as kind,
        coalesce(savings_plan_savings_plan_a_r_n, reservation_reservation_a_r_n) as commitment_id,
        savings_plan_savings_plan_a_r_n is not null or line_item_line_item_type like 'SavingsPlan%' as is_savings_plan,
        {{ aws_amount('line_item_unblended_cost') }} as line_cost,
        {{ aws_amount('reservation_effective_cost') }} as reserved_cost,
        {{ aws_amount('savings_plan_savings_plan_effective_cost') }} as covered_cost,
        {{ aws_amount('reservation_amortized_upfront_fee_for_billing_period') }}
        + {{ aws_amount('savings_plan_amortized_upfront_commitment_for_billing_period') }} as amortised_upfront_cost,
        {{ aws_amount('reservation_unused_amortized_upfront_fee_for_billing_period') }}
        + {{ aws_amount('reservation_unused_recurring_fee') }} as unused_reserved_cost,
        coalesce(savings_plan_total_commitment_to_date, 0) as committed_cost,
        coalesce(savings_plan_total_commitment_to_date, 0)
        - coalesce(savings_plan_used_commitment, 0) as uncovered_cost,
        {{ aws_amount('split_line_item_split_cost') }}
        + {{ aws_amount('split_line_item_unused_cost') }} as container_cost,
        line_item_usage_start_date as charge_start,
        {{ exclusive_end('line_item_usage_end_date') }} as charge_end
    from {{ ref('stg_aws_cur__line_items') }} as line_items
    left join payers on line_items.bill_payer_account_id = payers.bill_payer_account_id
),

charges_of_lines as (
    select
        *,
        case kind when 'savings_plan_usage' then 0 else line_cost end as billed_cost,
        case
            when kind = 'savings_plan_usage' then covered_cost
            when kind = 'reserved_usage' then reserved_cost
            when kind in ('recurring_fee', 'upfront_fee', 'upfront_refund') then 0
            else line_cost
        end as effective_cost,
        case
            when kind = 'recurring_fee' then 0 - amortised_upfront_cost
            when kind in ('upfront_fee', 'upfront_refund') then line_cost
            else 0
        end as true_up_cost,
        case kind
            when 'reserved_usage' then coalesce(pricing_public_on_demand_cost, reserved_cost)
            else line_cost
        end as contracted_cost,
        case
            when commitment_id is null then null
            when kind = 'savings_plan_usage' then cast(covered_cost as double)
            when kind = 'recurring_fee' and is_savings_plan then cast(committed_cost as double)
            when kind in ('upfront_fee', 'upfront_refund') and is_savings_plan then cast(line_cost as double)
            when kind in ('reserved_usage', 'recurring_fee', 'upfront_fee', 'upfront_refund')
                then line_item_usage_amount
        end as commitment_quantity,
        case kind when 'split_cost' then container_cost end as split_cost,
        kind in ('usage', 'reserved_usage', 'savings_plan_usage', 'split_cost') as is_metered
    from lines
    where kind <> 'negation'
),

-- The types are named once more where few lines are wanted: DuckDB then skips most of the landed columns.
fees as (
    select
        x_line_id as fee_line_id,
        {{ line_context_columns() | join(',\n        ') }},
        commitment_id,
        is_savings_plan,
        pricing_unit,
        product_sku,
        pricing_rate_code,
        pricing_rate_id,
        product_instance_type,
        line_item_usage_type,
        line_item_operation,
        product_region_code,
        product,
        savings_plan_offering_type,
        tags,
        cost_category,
        charge_start as fee_start,
        greatest(charge_end, charge_start + interval 1 second) as fee_end,
        -- AWS gives no net amount of what a savings plan left unused: it is that part of the net commitment.
        case
            when not is_savings_plan then unused_reserved_cost
            when is_net
                then coalesce(
                    {{ part_of_amount(
                        '(line_cost + amortised_upfront_cost)',
                        billionths_of('uncovered_cost'), billionths_of('committed_cost')
                    ) }},
                    0
                )
            else uncovered_cost
        end as unused_cost,
        case
            when is_savings_plan then cast(uncovered_cost as double)
            else reservation_unused_quantity
        end as unused_quantity
    from lines
    where line_item_line_item_type in ('RIFee', 'SavingsPlanRecurringFee')
),

days_of_fees as (
    select
        *,
        unnest(generate_series(
            date_trunc('day', fee_start), fee_end - interval 1 microsecond, interval 1 day
        )) as charge_day
    from fees
    where unused_cost <> 0 or coalesce(unused_quantity, 0) <> 0
),

parts_of_fees as (
    select
        *,
        greatest(charge_day, fee_start) as charge_start,
        least(charge_day + interval 1 day, fee_end) as charge_end,
        epoch_ms(least(charge_day + interval 1 day, fee_end)) - epoch_ms(greatest(charge_day, fee_start)) as part_ms,
        epoch_ms(fee_end) - epoch_ms(fee_start) as fee_ms,
        md5(concat(fee_line_id, chr(31), 'unused', chr(31), strftime(charge_day, '%Y-%m-%d'))) as x_line_id
    from days_of_fees
),

-- The window costs per fee and would carry every column along: only amounts go through it, and no fee of one part.
shares_of_fees as (
    select
        x_line_id,
        {{ split_amount('unused_cost', 'part_ms', 'fee_ms', 'fee_line_id', 'x_line_id') }} as effective_cost
    from parts_of_fees
    where part_ms < fee_ms
),

charges_of_unused_commitments as (
    select
        parts_of_fees.* exclude (
            fee_line_id, fee_start, fee_end, charge_day, part_ms, fee_ms, unused_cost, unused_quantity
        ),
        'unused_commitment' as kind,
        cast(0 as decimal(38, 12)) as billed_cost,
        coalesce(shares_of_fees.effective_cost, parts_of_fees.unused_cost) as effective_cost,
        cast(0 as decimal(38, 12)) as true_up_cost,
        cast(0 as decimal(38, 12)) as contracted_cost,
        parts_of_fees.unused_quantity * parts_of_fees.part_ms / parts_of_fees.fee_ms as commitment_quantity,
        false as is_metered
    from parts_of_fees
    left join shares_of_fees on parts_of_fees.x_line_id = shares_of_fees.x_line_id
),

charges_of_uncancelled_usage as (
    select
        md5(concat_ws(
            chr(31), {{ partition_source() }}, {{ partition_period() }}, 'negation',
            bill_payer_account_id, line_item_usage_account_id, line_item_currency_code,
            strftime(date_trunc('hour', charge_start), '%Y-%m-%dT%H'),
            -- Mostly an hour stands on one invoice, and its id must not change when that is issued.
            case
                when
                    row_number() over (
                        partition by
                            bill_payer_account_id,
                            line_item_usage_account_id,
                            line_item_currency_code,
                            date_trunc('hour', charge_start)
                        order by bill_invoice_id nulls first
                    ) > 1
                    then bill_invoice_id
            end
        )) as x_line_id,
        'negation' as kind,
        'SavingsPlanNegation' as line_item_line_item_type,
        case
            when count(distinct line_item_product_code) = 1 then min(line_item_product_code)
            else 'ComputeSavingsPlans'
        end as line_item_product_code,
        'What SavingsPlanNegation lines of this hour left of the usage they cancel' as line_item_line_item_description,
        bill_payer_account_id,
        line_item_usage_account_id,
        line_item_currency_code,
        bill_invoice_id,
        date_trunc('hour', charge_start) as charge_start,
        date_trunc('hour', charge_start) + interval 1 hour as charge_end,
        min(bill_payer_account_name) as bill_payer_account_name,
        min(line_item_usage_account_name) as line_item_usage_account_name,
        min(bill_billing_entity) as bill_billing_entity,
        min(bill_invoicing_entity) as bill_invoicing_entity,
        min(line_item_legal_entity) as line_item_legal_entity,
        min(bill_billing_period_start_date) as bill_billing_period_start_date,
        max(bill_billing_period_end_date) as bill_billing_period_end_date,
        sum(line_cost) as billed_cost,
        cast(0 as decimal(38, 12)) as effective_cost,
        sum(line_cost) as true_up_cost,
        sum(line_cost) as contracted_cost,
        false as is_savings_plan,
        false as is_metered
    from lines
    where line_item_line_item_type in ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')
    group by
        bill_payer_account_id,
        line_item_usage_account_id,
        line_item_currency_code,
        bill_invoice_id,
        date_trunc('hour', charge_start)
    having sum(line_cost) <> 0
),

final as (
    select * from charges_of_lines
    union all by name
    select * from charges_of_unused_commitments
    union all by name
    select * from charges_of_uncancelled_usage
)

select * from final
