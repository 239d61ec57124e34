{{ config(outlives_lines=true) }}

{# From which day on the provider does not change a billing period any more. An export with invoice ids says so itself:
   every charge stands on an invoice. Of one without, the provider's own words are all there is. #}
with receipt as (
    select
        not list_contains(absent_columns, 'invoice_id')
        and not list_contains(absent_columns, 'bill_invoice_id') as tells_invoices
    from read_json({{ receipt_file() }}, columns = { absent_columns: 'varchar[]' })
),

lines as (
    select
        billing_account_id,
        billing_currency,
        max(provider_name) as provider_name,
        count(*) as line_count,
        count(*) filter (billed_cost <> 0 and invoice_id is null) as uninvoiced_line_count,
        coalesce(sum(billed_cost) filter (invoice_id is null), 0) as uninvoiced_cost
    from {{ ref('focus_costs') }}
    where {{ in_partition() }}
    group by billing_account_id, billing_currency
),

judged as (
    select
        lines.*,
        cast(cast({{ partition_period() }} || '-01' as date) + interval 1 month as date) as following_month,
        case
            when receipt.tells_invoices then 'invoice'
            when lower(lines.provider_name) similar to '.*(azure|microsoft).*' then 'azure'
            when lower(lines.provider_name) like '%google%' then 'gcp'
            else 'other'
        end as judged_by
    from lines
    cross join receipt
),

final as (
    select
        *,
        case
            when judged_by = 'invoice' and uninvoiced_line_count = 0 then following_month
            when judged_by = 'azure' then following_month + 5
            when judged_by = 'gcp'
                then
                    cast(
                        list_filter(
                            range(following_month, following_month + interval 14 day, interval 1 day),
                            lambda weekday: isodow(weekday) < 6
                        )[5] as date
                    ) + 1
            when judged_by = 'other' then following_month + 14
        end as final_from,
        case judged_by
            when 'invoice'
                then
                    case
                        when uninvoiced_line_count = 0 then 'every charge stands on an invoice'
                        else uninvoiced_line_count || ' of ' || line_count || ' charges stand on no invoice yet'
                    end
            when 'azure' then 'no invoice ids; Azure changes a month up to the 5th day after its end'
            when 'gcp'
                then
                    'no invoice ids; Google invoices about the 5th business day, what comes later belongs to the next'
            else 'no invoice ids; providers change a month for about two weeks after its end'
        end as final_reason
    from judged
)

select
    {{ partition_source() }} as x_source,
    billing_account_id,
    {{ partition_period() }} as billing_period,
    billing_currency,
    final_from,
    final_reason,
    line_count,
    uninvoiced_line_count,
    uninvoiced_cost
from final
