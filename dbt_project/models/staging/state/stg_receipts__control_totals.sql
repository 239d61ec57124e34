{# What landing counted in the raw files, by its own query. #}
with receipt as (
    select
        unnest(control_totals) as total,
        coalesce(tells_invoices, false) as tells_invoices
    from read_json(
        {{ receipt_file() }},
        columns = {
            tells_invoices: 'boolean',
            control_totals: 'struct(
                charge_date date, billing_account_id varchar, sub_account_id varchar, billing_currency varchar,
                row_count bigint, billed_cost varchar, invoice_id varchar
            )[]'
        }
    )
)

select
    {{ partition_source() }} as x_source,
    {{ partition_period() }} as billing_period,
    total.charge_date,
    total.billing_account_id,
    total.sub_account_id,
    total.billing_currency,
    nullif(total.invoice_id, '') as invoice_id,
    tells_invoices,
    total.row_count,
    cast(total.billed_cost as decimal(38, 12)) as billed_cost
from receipt
