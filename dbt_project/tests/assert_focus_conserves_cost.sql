{{ hop_differences('landing → focus_costs', [('landed_billed_cost', 'focus_billed_cost')]) }}
