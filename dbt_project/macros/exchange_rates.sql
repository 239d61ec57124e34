{# Relation of the exchange rates in use, by the name of the rules they belong to and the currency they convert; no rows
   where nothing is converted. The plan holds them: they are few, one per month and currency. #}
{% macro exchange_rates() -%}
    {%- set rows = [] -%}
    {%- for name, rules in rules_in_use().items() -%}
        {%- for each in rules.get("reporting", {}).get("rates", []) -%}
            {%- do rows.append({
                "rules": name, "billing_currency": each.billing_currency, "reporting": rules.reporting.currency,
                "rate": each.rate, "rate_date": each.rate_date, "origin": each.origin,
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    (
        select
            unnest({{ nullable_list(rows, "rules") }}) as rules_name,
            unnest({{ nullable_list(rows, "billing_currency") }}) as billing_currency,
            unnest({{ nullable_list(rows, "reporting") }}) as reporting_currency,
            cast(unnest({{ nullable_list(rows, "rate") }}) as decimal(18, 9)) as exchange_rate,
            cast(unnest({{ nullable_list(rows, "rate_date") }}) as date) as exchange_rate_date,
            unnest({{ nullable_list(rows, "origin") }}) as exchange_rate_origin
    )
{%- endmacro %}


{# An amount in another currency. A product of more than 1e17 would be an error, not another amount. #}
{% macro converted(amount, rate) -%}
    cast({{ amount }} * {{ rate }} as decimal(38, 12))
{%- endmacro %}
