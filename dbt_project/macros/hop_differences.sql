{# Partitions where two neighbouring sums of the same money differ by the tolerance or more: hop, source, period, account,
   invoice and amount, which is what the error will show. #}
{% macro hop_differences(hop, sums) %}
    {%- for from_column, to_column in sums %}
    select
        {{ quoted(hop) }} as hop,
        {{ quoted(to_column) }} as quantity,
        x_source,
        billing_period,
        billing_account_id,
        invoice_id,
        billing_currency,
        {{ from_column }} as expected,
        {{ to_column }} as found,
        {{ to_column }} - {{ from_column }} as difference
    from {{ ref('reconciliation') }}
    where abs({{ to_column }} - {{ from_column }}) >= {{ tolerance() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
{% endmacro %}
