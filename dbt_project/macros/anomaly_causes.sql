{# The excess of each anomaly as parts owed to price, quantity and mix, which with `unexplained_cost` add up to it exactly.
   Per pricing unit, with components k of quantity q and unit price p, before (0: what the days before had, scaled to the
   expected cost) and now (1), and the average price before P:

     quantity  (Q1 - Q0) x P        mix  sum(q1 x p0) - Q1 x P        price  sum(q1 x (p1 - p0))

   A new component is taken at its own price, so it is mix, and quantity where nothing of its unit was used before. What
   costs without a quantity is not explained: missing is not zero; nor is what quantities beyond reason would make of it.
   The parts are estimates, rounded to 1e-6; what rounding
   leaves goes to the largest.

     components  relation of anomaly_id, pricing_unit, component (text), cost_before, cost_now (double), quantity_before,
                 quantity_now (double or NULL), the `before` ones scaled
     anomalies   relation of anomaly_id and excess_cost #}
{% macro anomaly_causes(components, anomalies) -%}
(
    with priced as (
        select
            *,
            case when quantity_now > 0 then cost_now / quantity_now end as price_now,
            case when quantity_before > 0 then cost_before / quantity_before end as price_before
        from {{ components }}
        where coalesce(quantity_now, 0) > 0 or coalesce(quantity_before, 0) > 0
    ),

    units as (
        select
            anomaly_id,
            sum(coalesce(quantity_now, 0)) as quantity_now,
            sum(coalesce(quantity_before, 0)) as quantity_before,
            sum(cost_before) filter (where quantity_before > 0) as cost_before,
            sum(cost_now) filter (where quantity_now > 0) as cost_now,
            sum(quantity_now * coalesce(price_before, price_now)) filter (where quantity_now > 0) as cost_at_old_prices
        from priced
        group by anomaly_id, pricing_unit
    ),

    effects as (
        select
            anomaly_id,
            coalesce(cost_now, 0) - coalesce(cost_at_old_prices, 0) as price_effect,
            case
                when quantity_before > 0 then (quantity_now - quantity_before) * cost_before / quantity_before
                else coalesce(cost_at_old_prices, 0)
            end as quantity_effect,
            case
                when quantity_before > 0
                    then coalesce(cost_at_old_prices, 0) - quantity_now * cost_before / quantity_before
                else 0
            end as mix_effect
        from units
    ),

    parts as (
        select
            anomaly_id,
            {{ estimated('sum(price_effect)') }} as price_part,
            {{ estimated('sum(quantity_effect)') }} as quantity_part,
            {{ estimated('sum(mix_effect)') }} as mix_part
        from effects
        group by anomaly_id
        having price_part is not null and quantity_part is not null and mix_part is not null
    ),

    -- Cost of which no quantity is known, at either time.
    unmeasured as (
        select
            anomaly_id,
            cast(round(sum(
                case when coalesce(quantity_now, 0) > 0 then 0 else cost_now end
                - case when coalesce(quantity_before, 0) > 0 then 0 else cost_before end
            ), 6) as decimal(38, 12)) as unexplained_cost
        from {{ components }}
        group by anomaly_id
    ),

    -- Without any quantity the whole excess is unexplained, to the last digit.
    split as (
        select
            anomalies.anomaly_id,
            parts.price_part,
            parts.quantity_part,
            parts.mix_part,
            case
                when parts.anomaly_id is null then anomalies.excess_cost
                else coalesce(unmeasured.unexplained_cost, 0)
            end as unexplained_cost,
            anomalies.excess_cost - coalesce(unmeasured.unexplained_cost, 0)
            - parts.price_part - parts.quantity_part - parts.mix_part as remainder,
            case
                when abs(parts.quantity_part) >= greatest(abs(parts.price_part), abs(parts.mix_part)) then 'quantity'
                when abs(parts.price_part) >= abs(parts.mix_part) then 'price'
                when parts.mix_part is not null then 'mix'
            end as largest_part
        from {{ anomalies }} as anomalies
        left join parts on anomalies.anomaly_id = parts.anomaly_id
        left join unmeasured on anomalies.anomaly_id = unmeasured.anomaly_id
    )

    select
        anomaly_id,
        price_part + case when largest_part = 'price' then remainder else 0 end as price_cost,
        quantity_part + case when largest_part = 'quantity' then remainder else 0 end as quantity_cost,
        mix_part + case when largest_part = 'mix' then remainder else 0 end as mix_cost,
        unexplained_cost,
        case
            when
                largest_part is null
                or abs(unexplained_cost) > greatest(abs(price_part), abs(quantity_part), abs(mix_part))
                then 'unknown'
            else largest_part
        end as cause
    from split
)
{%- endmacro %}


{# A sum of estimates as an amount, rounded to 1e-6; NULL where it is beyond any bill. #}
{% macro estimated(effect) -%}
    case when abs({{ effect }}) < 1e20 then cast(round({{ effect }}, 6) as decimal(38, 12)) end
{%- endmacro %}
