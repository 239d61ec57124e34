{# Apart from the lines themselves, so that what is asked of all amounts of a payer reads nothing else. #}
select
    nullif(bill_payer_account_id, '') as bill_payer_account_id,
    line_item_line_item_type,
    {{ aws_amount_columns() | join(',\n    ') }}
from {{ landed_lines('aws_cur') }}
