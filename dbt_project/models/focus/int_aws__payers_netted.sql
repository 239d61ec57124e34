{# Which payers are counted net of their discounts: for all lines of the period or for none. One missing net cost would
   otherwise be counted gross or as nothing, and the sum would be neither what was used nor what is invoiced. A column
   of zeros is no net cost: exports hold zeros where a payer has no discount. #}
with amounts as (
    select * from {{ ref('stg_aws_cur__line_amounts') }}
)

select
    bill_payer_account_id,
    count(*) filter (line_item_net_unblended_cost <> 0) > 0
    and count(*) filter ({{ aws_net_cost_is_missing() }}) = 0
    and {{ partition_counts_net() }} as is_net
from amounts
group by bill_payer_account_id
