{{ hop_differences('daily_spend → monthly_spend', [
    ('daily_spend_billed_cost', 'monthly_spend_billed_cost'),
    ('daily_spend_effective_cost', 'monthly_spend_effective_cost'),
]) }}
