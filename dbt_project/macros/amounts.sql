{# One share of an amount, to 1e-12: the part is rounded towards zero and what is left over goes to the largest share
   (ties: the smallest line id). The only place where amounts are divided; the shares of a group add up to the amount.
     amount   decimal(38,12), the same on every row of the group
     share    integer, this row's weight; amount x share up to 1e26, beyond which DuckDB stops with an overflow
     total    integer, the sum of the weights of the group
     group_by columns that name what is split
     line_id  column that decides ties #}
{% macro split_amount(amount, share, total, group_by, line_id) -%}
    {%- set quanta = quanta_of(amount) -%}
    {%- set part = part_of(amount, share, total) -%}
    cast(
        cast(
            {{ part }}
            + case
                when row_number() over (partition by {{ group_by }} order by {{ share }} desc, {{ line_id }}) = 1
                    then {{ quanta }} - sum({{ part }}) over (partition by {{ group_by }})
                else 0
            end as decimal(26, 0)
        ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
    )
{%- endmacro %}


{# The part of an amount that falls to a share of a total, where the rest is nobody's row: what split_amount gives before
   it hands out what rounding left. NULL where the total is zero. Shares as in split_amount. #}
{% macro part_of_amount(amount, share, total) -%}
    cast(
        cast({{ part_of(amount, share, total) }} as decimal(26, 0))
        * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
    )
{%- endmacro %}


{% macro part_of(amount, share, total) -%}
    divide({{ quanta_of(amount) }} * {{ share }}, {{ total }})
{%- endmacro %}


{# An amount as a share of another: fine enough for 1e-9, and small enough to be multiplied by one of 1e8. #}
{% macro billionths_of(amount) -%}
    cast({{ amount }} * 1000000000 as hugeint)
{%- endmacro %}


{% macro quanta_of(amount) -%}
    cast({{ amount }} * 1000000000000 as hugeint)
{%- endmacro %}


{# A unit price where the provider gives none: cost per unit. A price is a ratio, not an amount, and is never added up. #}
{% macro unit_price(cost, quantity) -%}
    case
        when {{ quantity }} <> 0 then cast(abs({{ cost }} / {{ quantity }}) as decimal(38, 12))
    end
{%- endmacro %}


{# A text rate as decimal; NULL where it is absent, negative, a million or more, or no number. (Text to decimal(38, 12) is
   twenty-five times slower than to the narrower type.) #}
{% macro rate(text) -%}
    case when try_cast({{ text }} as decimal(18, 12)) >= 0 then try_cast({{ text }} as decimal(18, 12)) end
{%- endmacro %}
