"""What a landed AWS line costs, written from AWS's own description of the line item types and of the net columns.

On purpose apart from the warehouse's models and from landing's control totals: the three are held against each other.
"""

# The cost that the invoice asks for; `is_net` is the payer's, see PAYERS.
BILLED_COST = """case
    when line_item_unblended_cost is null then null
    when is_net then coalesce(line_item_net_unblended_cost, 0)
    else line_item_unblended_cost end"""

# The cost when a commitment's fees are spread over its use. What a savings plan leaves unused has no net column: it is
# that part of the plan's net commitment. Divided as doubles: an error of 1e-12 is far from the cent that is looked for.
EFFECTIVE_COST = f"""case
    when nullif(split_line_item_parent_resource_id, '') is not null then {BILLED_COST}
    else case line_item_line_item_type
        when 'SavingsPlanNegation' then 0
        when 'SavingsPlanUpfrontFee' then 0
        when 'SavingsPlanCoveredUsage' then coalesce(
            if(is_net, savings_plan_net_savings_plan_effective_cost, savings_plan_savings_plan_effective_cost), 0
        )
        when 'SavingsPlanRecurringFee' then coalesce(if(
            is_net,
            cast(
                cast(
                    coalesce(line_item_net_unblended_cost, 0)
                    + coalesce(savings_plan_net_amortized_upfront_commitment_for_billing_period, 0) as double
                ) * (1 - cast(coalesce(savings_plan_used_commitment, 0) as double)
                    / nullif(cast(savings_plan_total_commitment_to_date as double), 0)) as decimal(38, 12)
            ),
            coalesce(savings_plan_total_commitment_to_date, 0) - coalesce(savings_plan_used_commitment, 0)
        ), 0)
        when 'DiscountedUsage' then coalesce(if(is_net, reservation_net_effective_cost, reservation_effective_cost), 0)
        when 'RIFee' then coalesce(if(
            is_net,
            reservation_net_unused_amortized_upfront_fee_for_billing_period,
            reservation_unused_amortized_upfront_fee_for_billing_period
        ), 0) + coalesce(if(is_net, reservation_net_unused_recurring_fee, reservation_unused_recurring_fee), 0)
        when 'Fee' then if(
            coalesce(nullif(reservation_reservation_a_r_n, ''), nullif(savings_plan_savings_plan_a_r_n, '')) is null,
            {BILLED_COST}, 0
        )
        when 'Refund' then if(
            coalesce(nullif(reservation_reservation_a_r_n, ''), nullif(savings_plan_savings_plan_a_r_n, '')) is null
                and not ends_with(coalesce(line_item_product_code, ''), 'SavingsPlans'),
            {BILLED_COST}, 0
        )
        else {BILLED_COST} end end"""

_HAS_NO_NET = """
    (line_item_net_unblended_cost is null and line_item_unblended_cost <> 0)
    or (split_line_item_net_split_cost is null and split_line_item_split_cost <> 0)
    or (split_line_item_net_unused_cost is null and split_line_item_unused_cost <> 0)
    or case line_item_line_item_type
        when 'DiscountedUsage' then reservation_net_effective_cost is null and reservation_effective_cost <> 0
        when 'SavingsPlanCoveredUsage'
            then savings_plan_net_savings_plan_effective_cost is null and savings_plan_savings_plan_effective_cost <> 0
        when 'SavingsPlanRecurringFee'
            then savings_plan_net_amortized_upfront_commitment_for_billing_period is null
                and savings_plan_amortized_upfront_commitment_for_billing_period <> 0
        when 'RIFee'
            then (reservation_net_amortized_upfront_fee_for_billing_period is null
                    and reservation_amortized_upfront_fee_for_billing_period <> 0)
                or (reservation_net_unused_amortized_upfront_fee_for_billing_period is null
                    and reservation_unused_amortized_upfront_fee_for_billing_period <> 0)
                or (reservation_net_unused_recurring_fee is null and reservation_unused_recurring_fee <> 0)
        else false end"""

# Per payer of the landed lines: whether its discounts are in its net columns, on every line that has an amount
# (`is_net`, to which must come that its receipt knew them), on some, or in none though it has some.
PAYERS = f"""
    bill_payer_account_id as billing_account_id,
    string_agg(distinct line_item_currency_code, ', ') as billing_currency,
    coalesce(bool_or(line_item_net_unblended_cost <> 0), false) as has_net_costs,
    count(*) filter (where {_HAS_NO_NET}) as lines_without_net_cost,
    sum(line_item_unblended_cost) as unblended_cost,
    coalesce(sum(line_item_net_unblended_cost), 0) as net_unblended_cost,
    coalesce(sum(line_item_unblended_cost) filter (where {_HAS_NO_NET}), 0) as cost_without_net_cost,
    coalesce(sum(discount_total_discount), 0) as discount_cost"""
