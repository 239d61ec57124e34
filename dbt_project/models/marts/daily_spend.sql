with spend as (
    select
        x_source,
        billing_account_id,
        billing_period,
        charge_date,
        sub_account_id,
        provider_name,
        service_name,
        charge_category,
        invoice_id,
        project,
        team,
        environment,
        ml_stage,
        is_shared_cost,
        billing_currency,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost,
        count(*) filter (where allocated_method_id is null) as line_count
    from {{ ref('allocated_costs') }}
    where {{ in_partition() }}
    group by all
),

rates as (
    select * from {{ exchange_rates() }}
    where rules_name = coalesce(getvariable('rules'), '')
),

final as (
    select
        spend.*,
        rates.reporting_currency,
        rates.exchange_rate,
        rates.exchange_rate_date,
        rates.exchange_rate_origin,
        {{ converted('spend.billed_cost', 'rates.exchange_rate') }} as reporting_billed_cost,
        {{ converted('spend.effective_cost', 'rates.exchange_rate') }} as reporting_effective_cost
    from spend
    left join rates on spend.billing_currency = rates.billing_currency
)

select * from final
