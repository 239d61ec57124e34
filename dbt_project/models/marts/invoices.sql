{{ config(materialized='table') }}

select
    source as x_source,
    billing_account_id,
    billing_period,
    invoice_id,
    billing_currency,
    cast(issued_at as timestamp) as issued_at,
    cast(total as decimal(38, 12)) as invoice_total,
    cast(tax as decimal(38, 12)) as tax_total,
    cast(credit as decimal(38, 12)) as credit_total,
    taken_from
from {{ input_rows('invoices', {
    'source': 'varchar', 'billing_account_id': 'varchar', 'billing_period': 'varchar', 'invoice_id': 'varchar',
    'billing_currency': 'varchar', 'issued_at': 'varchar', 'total': 'varchar', 'tax': 'varchar', 'credit': 'varchar',
    'taken_from': 'varchar',
}) }}
