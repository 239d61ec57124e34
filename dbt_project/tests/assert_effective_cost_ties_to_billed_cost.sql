{# Over the invoices of an account: fees of a commitment and its use may stand on different ones. #}
select
    'effective + true-up → billed' as hop,
    x_source,
    billing_period,
    billing_account_id,
    billing_currency,
    sum(focus_effective_cost + true_up_cost) as expected,
    sum(focus_billed_cost) as found,
    any_value(unexplained_cost) as difference
from {{ ref('reconciliation') }}
where abs(unexplained_cost) >= {{ tolerance() }}
group by all
