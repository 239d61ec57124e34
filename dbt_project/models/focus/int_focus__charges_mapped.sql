{# Charges that arrive in FOCUS form: taken as they are, older versions' gaps left empty. #}
with lines as (
    select * from {{ ref('stg_focus__line_items') }}
)

select
    *,
    cast(null as decimal(38, 12)) as x_true_up_cost,
    x_extra['x_ServiceCode'] as x_service_code,
    x_extra['x_UsageType'] as x_usage_type,
    x_extra['x_Operation'] as x_operation,
    cast(null as varchar) as x_line_item_type,
    'provider' as x_list_cost_provenance,
    cast(null as map (varchar, varchar)) as x_cost_categories,
    cast(null as varchar) as x_split_parent_id,
    cast(null as decimal(38, 12)) as x_split_cost
from lines
