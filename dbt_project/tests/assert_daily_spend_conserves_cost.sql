{{ hop_differences('allocated_costs → daily_spend', [
    ('allocated_billed_cost', 'daily_spend_billed_cost'),
    ('allocated_effective_cost', 'daily_spend_effective_cost'),
]) }}
