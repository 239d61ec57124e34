{{ hop_differences('focus_costs → allocated_costs', [
    ('focus_billed_cost', 'allocated_billed_cost'),
    ('focus_effective_cost', 'allocated_effective_cost'),
]) }}
