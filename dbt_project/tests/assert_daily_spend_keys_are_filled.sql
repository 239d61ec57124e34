{# Every key of a line is a key of daily_spend, so the small table tells whether any line misses one. #}
select
    x_source,
    billing_period,
    billing_account_id,
    charge_date,
    charge_category,
    billing_currency,
    line_count
from {{ ref('daily_spend') }}
where
    x_source is null
    or billing_period is null
    or billing_account_id is null
    or charge_date is null
    or billing_currency is null
    or project is null
    or team is null
    or environment is null
    or ml_stage is null
    or coalesce(charge_category, '') not in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment')
