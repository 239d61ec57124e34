{# Splitting shared costs. Amounts are added up before they are divided, so that a share costs per day and service and not
   per line; and all shared costs that give each other nothing are split in one step, so that twenty of them are no more
   SQL than one. The rules hold for each the number of its step: it reads what is filed under its name and what earlier
   steps gave it. #}

{# What a share keeps of the charges it comes from; all sums by these stay what they were. #}
{% macro split_grain() %}
    {{ return([
        "charge_date", "billing_account_id", "sub_account_id", "provider_name", "service_name", "service_category",
        "region_id", "charge_category", "commitment_discount_status", "invoice_id", "billing_currency",
    ]) }}
{% endmacro %}


{# The same of one relation, or of a second one where the first has no row: what is NULL in a row stays NULL. #}
{% macro split_grain_of(relation, otherwise=none) -%}
    {%- for column in split_grain() -%}
        {%- if otherwise -%}
        case when {{ relation }}.x_line_id is null then {{ otherwise }}.{{ column }} else {{ relation }}.{{ column }} end
        {%- else -%}
        {{ relation }}.{{ column }}
        {%- endif %} as {{ column }}
        {{- ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro split_amounts() %}
    {{ return(["billed_cost", "effective_cost", "list_cost", "contracted_cost"]) }}
{% endmacro %}


{# md5 of source, billing period and texts of which any may be NULL; what is NULL here differs from empty text. #}
{% macro split_id(parts) -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- do texts.append("coalesce(cast(" ~ part ~ " as varchar), chr(30))") -%}
    {%- endfor -%}
    md5(concat_ws(chr(31), {{ partition_source() }}, {{ partition_period() }}, {{ texts | join(", ") }}))
{%- endmacro %}


{# Relation (pool, name, method, valid_from, valid_to): the shared costs of one step; `pool` is the place in the list. #}
{% macro pools_of_step(shared_costs, step) -%}
    {%- set rows = [] -%}
    {%- for each in shared_costs if each.step == step -%}
        {%- do rows.append(
            "(" ~ shared_costs.index(each) ~ ", " ~ quoted(each.name) ~ ", " ~ quoted(each.split)
            ~ ", date " ~ quoted(each.valid_from or "0001-01-01")
            ~ ", date " ~ quoted(each.valid_to or "9999-12-31") ~ ")"
        ) -%}
    {%- endfor -%}
    (values {{ rows | join(", ") }}) as pools (pool, name, method, valid_from, valid_to)
{%- endmacro %}


{# Relation (pool, recipient, is_shared, fixed_weight): who is named as a recipient; the weight where it is known. #}
{% macro split_recipients(shared_costs, methods) -%}
    {%- set rows = [] -%}
    {%- for each in shared_costs if each.split in methods -%}
        {%- for recipient in each.recipients or [] -%}
            {%- do rows.append(
                "(" ~ shared_costs.index(each) ~ ", " ~ quoted(recipient.name) ~ ", " ~ recipient.is_shared_cost
                ~ ", " ~ ("null" if recipient.weight is none else recipient.weight) ~ ")"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    (values {{ rows | join(", ") or "(null, null, null, null)" }}) as recipients (
        pool, recipient, is_shared, fixed_weight
    )
{%- endmacro %}


{# Select (pool, billing_account_id, billing_currency, recipient, is_shared, weight): whole numbers of 1e-6, also zero.
   Reads the relation spend (by billing account, currency and project) and, for usage, the partition's lines. #}
{% macro split_weights(shared_costs, rules_name) -%}
    select
        recipients.pool,
        accounts.billing_account_id,
        accounts.billing_currency,
        recipients.recipient,
        recipients.is_shared,
        cast(recipients.fixed_weight as hugeint) as weight
    from (
        select distinct
            billing_account_id,
            billing_currency
        from spend
    ) as accounts
    cross join {{ split_recipients(shared_costs, ["even", "fixed"]) }}
    union all
    select
        recipients.pool,
        spend.billing_account_id,
        spend.billing_currency,
        spend.project as recipient,
        spend.is_shared_cost as is_shared,
        cast(greatest(spend.effective_cost, 0) * 1000000 as hugeint) as weight
    from spend
    inner join {{ split_recipients(shared_costs, ["spend"]) }}
        on spend.project = recipients.recipient and spend.is_shared_cost = recipients.is_shared
    {%- for each in shared_costs if each.split == "spend" and each.recipients is none %}
    union all
    select
        {{ shared_costs.index(each) }} as pool,
        billing_account_id,
        billing_currency,
        project as recipient,
        is_shared_cost as is_shared,
        cast(greatest(effective_cost, 0) * 1000000 as hugeint) as weight
    from spend
    where not is_shared_cost and project <> 'unattributed'
    {%- endfor %}
    {%- for each in shared_costs if each.split == "usage" %}
    union all
    select
        {{ shared_costs.index(each) }} as pool,
        used.billing_account_id,
        used.billing_currency,
        used.project as recipient,
        used.is_shared_cost as is_shared,
        cast(greatest(sum(cast(used.consumed_quantity as decimal(38, 6))), 0) * 1000000 as hugeint) as weight
    from {{ ref('attributed_costs') }} as used
    where
        {{ in_partition() }} and {{ in_rules(rules_name) }}
        and {{ usage_matches(each.usage) }}
        {%- if each.recipients is none %}
        and not used.is_shared_cost and used.project <> 'unattributed'
        {%- else %}
        and (used.project, used.is_shared_cost) in (
            select
                recipient,
                is_shared
            from {{ split_recipients([each], ["usage"]) }}
        )
        {%- endif %}
    group by all
    {%- endfor %}
{%- endmacro %}


{# Condition on the lines whose consumed quantity is the weight. A service is meant by its name or its code, as in rules. #}
{% macro usage_matches(usage) -%}
    used.charge_category = 'Usage' and used.consumed_unit = {{ quoted(usage.unit) }}
    {%- if usage.services or usage.usage_type %}
    and used.x_line_id in (
        select x_line_id
        from {{ ref('focus_costs') }}
        where
            {{ in_partition() }}
            {%- if usage.services %}
            {%- set services = quoted_list(usage.services) %}
            and (list_contains({{ services }}, service_name) or list_contains({{ services }}, x_service_code))
            {%- endif %}
            {%- if usage.usage_type %}
            and regexp_matches(x_usage_type, {{ quoted(usage.usage_type) }})
            {%- endif %}
    )
    {%- endif %}
{%- endmacro %}


{# The rows of the shared costs of one step: what is taken from their names, and what each recipient gets. Where no
   recipient has any weight there is no row, and the money stays under the name of the shared cost.
   Reads the relations charges, weighted, and step_1 to the one before this. #}
{% macro split_step(shared_costs, step) -%}
    with pooled as materialized (
        select
            pools.pool,
            pools.name,
            pools.method,
            {{ split_grain() | join(", ") }},
            charges.team,
            charges.environment,
            charges.ml_stage,
            {%- for amount in split_amounts() %}
            sum(charges.{{ amount }}) as {{ amount }}{{ "," if not loop.last }}
            {%- endfor %}
        from (
            select * from charges
            {%- for earlier in range(1, step) %}
            union all by name
            select * from step_{{ earlier }}
            where is_shared_cost and recipient is not null
            {%- endfor %}
        ) as charges
        inner join {{ pools_of_step(shared_costs, step) }}
            on charges.project = pools.name and charges.charge_date between pools.valid_from and pools.valid_to
        where
            (pools.pool, charges.billing_account_id, charges.billing_currency) in (
                select
                    pool,
                    billing_account_id,
                    billing_currency
                from weighted
            )
        group by all
        having {% for amount in split_amounts() %}sum({{ amount }}) <> 0{{ " or " if not loop.last }}{% endfor %}
    ),

    pieces as (
        select
            pooled_by_grain.*,
            weighted.recipient,
            weighted.is_shared,
            weighted.weight,
            weighted.total,
            {{ split_id(["group_id", "weighted.recipient"]) }} as share_id
        from (
            select
                pool,
                name,
                method,
                {{ split_grain() | join(", ") }},
                {{ split_id([quoted("shared_cost"), "name"] + split_grain()) }} as group_id,
                {%- for amount in split_amounts() %}
                sum({{ amount }}) as {{ amount }}{{ "," if not loop.last }}
                {%- endfor %}
            from pooled
            group by all
        ) as pooled_by_grain
        inner join weighted using (pool, billing_account_id, billing_currency)
    )

    select
        {{ split_grain() | join(", ") }},
        {{ split_id([quoted("negated"), "name"] + split_grain() + ["team", "environment", "ml_stage"]) }} as x_line_id,
        name as project,
        true as is_shared_cost,
        team,
        environment,
        ml_stage,
        {%- for amount in split_amounts() %}
        -{{ amount }} as {{ amount }},
        {%- endfor %}
        name as x_allocated_from,
        method as allocated_method_id,
        cast(null as varchar) as allocated_method_details,
        cast(null as varchar) as recipient
    from pooled
    union all by name
    select
        {{ split_grain() | join(", ") }},
        share_id as x_line_id,
        recipient as project,
        is_shared as is_shared_cost,
        cast(null as varchar) as team,
        'shared' as environment,
        'shared' as ml_stage,
        {%- for amount in split_amounts() %}
        {{ split_amount(amount, "weight", "total", "group_id", "share_id") }} as {{ amount }},
        {%- endfor %}
        name as x_allocated_from,
        method as allocated_method_id,
        concat(
            '{"weight": ', {{ weight_text("weight") }}, ', "total": ', {{ weight_text("total") }}, '}'
        ) as allocated_method_details,
        recipient
    from pieces
{%- endmacro %}


{# A weight of 1e-6 as people read it. #}
{% macro weight_text(weight) -%}
    cast(cast({{ weight }} as decimal(38, 0)) * cast(0.000001 as decimal(7, 6)) as varchar)
{%- endmacro %}
