{{ config(materialized='published_view') }}

{# Invoices come without a delivery, so this is a view over small tables: right as soon as an invoice is known. #}
with spend as (
    select
        *,
        nullif(invoice_id, '') as bears_id
    from {{ ref('monthly_spend').include(database=false) }}
),

lines as (
    select
        x_source,
        bears_id as invoice_id,
        billing_currency,
        min(billing_account_id) as billing_account_id,
        min(billing_period) as billing_period,
        sum(billed_cost) as billed_cost,
        coalesce(sum(billed_cost) filter (where charge_category = 'Tax'), 0) as tax_cost,
        coalesce(sum(billed_cost) filter (where charge_category = 'Credit'), 0) as credit_cost,
        -- An invoice shows cents, one sum per account and service: each may be off by half of one.
        cast(count(distinct concat_ws(chr(31), coalesce(sub_account_id, ''), coalesce(service_name, ''))) as bigint)
        * cast(0.005 as decimal(12, 3)) as rounding_limit,
        cast(sum(line_count) as bigint) as line_count
    from spend
    where bears_id is not null
    group by x_source, bears_id, billing_currency
),

not_invoiced as (
    select
        x_source,
        billing_account_id,
        billing_period,
        billing_currency,
        sum(billed_cost) as billed_cost,
        cast(sum(line_count) as bigint) as line_count
    from spend
    where bears_id is null
    group by all
),

-- What the lines of an account's month came to change since, known to this warehouse at which moment.
changes as (
    select
        x_source,
        billing_account_id,
        billing_period,
        billing_currency,
        known_at,
        sum(billed_cost_change) as billed_cost_change
    from {{ ref('spend_changes').include(database=false) }}
    where change_kind <> 'first'
    group by all
),

paired as (
    select
        coalesce(invoices.x_source, lines.x_source) as x_source,
        coalesce(lines.billing_account_id, invoices.billing_account_id) as billing_account_id,
        coalesce(invoices.billing_period, lines.billing_period) as billing_period,
        coalesce(invoices.invoice_id, lines.invoice_id) as invoice_id,
        coalesce(invoices.billing_currency, lines.billing_currency) as billing_currency,
        invoices.issued_at,
        invoices.invoice_total,
        coalesce(lines.billed_cost, 0) as billed_cost,
        coalesce(lines.line_count, 0) as line_count,
        coalesce(lines.rounding_limit, 0) as rounding_limit,
        invoices.tax_total - coalesce(lines.tax_cost, 0) as tax_difference,
        invoices.credit_total - coalesce(lines.credit_cost, 0) as credit_difference,
        count(*) over (
            partition by coalesce(invoices.x_source, lines.x_source), coalesce(invoices.invoice_id, lines.invoice_id)
        ) > 1 as is_other_currency
    from {{ ref('invoices').include(database=false) }} as invoices
    full join lines
        on
            invoices.x_source = lines.x_source
            and invoices.invoice_id = lines.invoice_id
            and invoices.billing_currency = lines.billing_currency
),

-- First what tax and credit are apart by, then rounding, if that is all that is left.
stated as (
    select
        *,
        invoice_total - billed_cost as difference,
        invoice_total - billed_cost - coalesce(tax_difference, 0) - coalesce(credit_difference, 0) as left_over
    from paired
    where invoice_total is not null and not is_other_currency
),

with_late_lines as (
    select
        stated.*,
        case when abs(stated.left_over) > stated.rounding_limit then stated.left_over else 0 end as to_explain,
        coalesce(not_invoiced.billed_cost, 0) as not_invoiced_cost,
        count(*) over account_month as invoice_count
    from stated
    left join not_invoiced
        on
            stated.x_source = not_invoiced.x_source
            and stated.billing_account_id = not_invoiced.billing_account_id
            and stated.billing_period = not_invoiced.billing_period
            and stated.billing_currency = not_invoiced.billing_currency
    window account_month as (
        partition by stated.x_source, stated.billing_account_id, stated.billing_period, stated.billing_currency
    )
),

-- Lines without an invoice explain what invoices of their account and month ask for in excess of their lines, the
-- largest difference first, and none more than there is of them.
wanted as (
    select
        *,
        case when sign(to_explain) = sign(not_invoiced_cost) then abs(to_explain) else 0 end as wanted_cost
    from with_late_lines
),

granted as (
    select
        *,
        cast(sign(not_invoiced_cost) * greatest(least(wanted_cost, abs(not_invoiced_cost) - coalesce(
            sum(wanted_cost) over (
                partition by x_source, billing_account_id, billing_period, billing_currency
                order by wanted_cost desc, invoice_id
                rows between unbounded preceding and 1 preceding
            ), 0
        )), 0) as decimal(38, 12)) as not_invoiced_part
    from wanted
),

-- What changed after the invoice was issued can be told where the account had one invoice in that month.
changed_since as (
    select
        granted.x_source,
        granted.invoice_id,
        granted.billing_currency,
        granted.not_invoiced_cost - sum(changes.billed_cost_change) as missing_cost
    from granted
    inner join changes
        on
            granted.x_source = changes.x_source
            and granted.billing_account_id = changes.billing_account_id
            and granted.billing_period = changes.billing_period
            and granted.billing_currency = changes.billing_currency
            and granted.issued_at < changes.known_at
    where granted.invoice_count = 1
    group by granted.x_source, granted.invoice_id, granted.billing_currency, granted.not_invoiced_cost
),

explained as (
    select
        granted.*,
        not_invoiced_part + cast(case
            when sign(changed_since.missing_cost) = sign(to_explain - not_invoiced_part)
                then
                    sign(changed_since.missing_cost)
                    * least(abs(changed_since.missing_cost), abs(to_explain - not_invoiced_part))
            else 0
        end as decimal(38, 12)) as late_difference
    from granted
    left join changed_since using (x_source, invoice_id, billing_currency)
),

sheets as (
    select
        *,
        case
            when abs(left_over - late_difference) <= rounding_limit then left_over - late_difference else 0
        end as rounding_difference
    from explained
),

final as (
    select
        *,
        left_over - late_difference - rounding_difference as unexplained_difference,
        case
            when line_count = 0 then 'no_lines'
            when difference = 0 then 'matches'
            when left_over = late_difference + rounding_difference then 'explained'
            else 'unexplained'
        end as status
    from sheets
    union all by name
    select
        *,
        case when is_other_currency then 'other_currency' else 'invoice_not_known' end as status
    from paired
    where invoice_total is null or is_other_currency
    union all by name
    select
        *,
        'not_invoiced' as status
    from not_invoiced
)

select
    x_source,
    billing_account_id,
    billing_period,
    invoice_id,
    billing_currency,
    issued_at,
    invoice_total,
    billed_cost,
    difference,
    tax_difference,
    credit_difference,
    late_difference,
    rounding_difference,
    unexplained_difference,
    line_count,
    status
from final
