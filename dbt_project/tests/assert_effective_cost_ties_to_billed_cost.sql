{{ hop_differences('effective + true-up → billed', [
    ('focus_billed_cost', '(focus_effective_cost + true_up_cost)'),
]) }}
