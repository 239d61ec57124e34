{{ config(materialized='table') }}

{# Each budget in each calendar month of which something is known. A budget in the reporting currency counts all costs,
   converted; any other counts those in its own currency, and is unknown where there are others too. #}

with costs as (
    select
        *,
        cast(date_trunc('month', charge_date) as date) as month_start
    from {{ ref('int_outlook_costs') }}
),

forecasts as (
    select * from {{ ref('int_outlook_forecasts') }}
    where not is_backtest
),

sources as (
    select * from {{ ref('int_outlook_sources') }}
),

known as (
    select
        max(sources.as_of_date) as as_of_date,
        min(daily_spend.charge_date) as first_date,
        max(daily_spend.reporting_currency) as reporting_currency
    from sources
    inner join {{ ref('daily_spend') }} as daily_spend using (x_source)
),

known_months as (
    select unnest(range(date_trunc('month', first_date), as_of_date + 2, interval 1 month)) as month_start
    from known
    where as_of_date is not null
),

calendar as (
    select cast(month_start as date) as month_start
    from known_months
    union all
    -- Nothing is known: that is said of the month of the build.
    select cast(date_trunc('month', {{ built_at() }}) as date) as month_start
    from known
    where as_of_date is null
),

configured as (
    select * from {{ input_rows('budgets', {
        'budget': 'varchar', 'scope': 'varchar', 'scope_name': 'varchar', 'team': 'varchar', 'amount': 'varchar',
        'currency': 'varchar', 'valid_from': 'varchar', 'valid_to': 'varchar', 'warn_at': 'double[]',
    }) }}
),

budgets as (
    select
        configured.budget,
        configured.scope,
        configured.scope_name,
        configured.team,
        configured.currency as billing_currency,
        cast(configured.amount as decimal(38, 12)) as budget_cost,
        configured.warn_at,
        coalesce(configured.currency = known.reporting_currency, false) as is_converted,
        calendar.month_start,
        last_day(calendar.month_start) as month_end,
        strftime(calendar.month_start, '%Y-%m') as month, -- noqa: RF04
        case
            when known.as_of_date is not null then least(known.as_of_date, last_day(calendar.month_start))
        end as as_of_date,
        known.first_date
    from configured
    cross join calendar
    cross join known
    where
        strftime(calendar.month_start, '%Y-%m') >= coalesce(configured.valid_from, '')
        and strftime(calendar.month_start, '%Y-%m') <= coalesce(configured.valid_to, '9999-12')
),

daily as (
    select
        budgets.budget,
        budgets.month,
        costs.charge_date,
        budgets.budget_cost,
        sum(costs.effective_cost) as effective_cost
    from budgets
    inner join costs using (scope, scope_name, billing_currency, is_converted, month_start)
    group by all
),

running as (
    select
        *,
        sum(effective_cost) over (partition by budget, month order by charge_date) as running_cost
    from daily
),

spent as (
    select
        budget,
        month,
        sum(effective_cost) as cost_to_date,
        min(charge_date) filter (where running_cost >= budget_cost) as spent_date
    from running
    group by budget, month
),

unconverted as (
    select
        budgets.budget,
        budgets.month,
        string_agg(distinct costs.billing_currency, ', ' order by costs.billing_currency) as other_currencies
    from budgets
    inner join costs using (scope, scope_name, month_start)
    where
        not budgets.is_converted
        and not costs.is_converted
        and budgets.billing_currency <> costs.billing_currency
    group by budgets.budget, budgets.month
),

behind as (
    select
        costs.scope,
        costs.scope_name,
        min_by(sources.x_source, sources.last_complete_date) as source_behind,
        min(sources.last_complete_date) as source_behind_date
    from costs
    inner join sources on costs.x_source = sources.x_source and sources.is_behind
    group by costs.scope, costs.scope_name
),

teams as (
    select
        project,
        date_trunc('month', charge_date) as month_start,
        team,
        sum(effective_cost) as effective_cost
    from {{ ref('daily_spend') }}
    group by all
),

owners as (
    select
        'project' as scope,
        project as scope_name,
        month_start,
        max_by(team, effective_cost) as team
    from teams
    group by all
),

compared as (
    select
        budgets.* exclude (team),
        coalesce(owners.team, budgets.team) as team,
        coalesce(spent.cost_to_date, 0) as cost_to_date,
        spent.spent_date,
        case
            when budgets.as_of_date is null then 'no complete day is known'
            when budgets.first_date > budgets.month_start then 'nothing is known before ' || budgets.first_date
            when behind.source_behind_date < budgets.as_of_date
                then 'source ' || behind.source_behind || ' is known up to ' || behind.source_behind_date || ' only'
            when unconverted.other_currencies is not null
                then
                    'it is in ' || budgets.billing_currency || ', and ' || unconverted.other_currencies
                    || ' is spent too: with ' || budgets.billing_currency || ' as currencies.reporting all would count'
            else forecasts.reason
        end as unknown_reason,
        case
            when unknown_reason is not null then null
            -- Of a month that is over the cost is known, and where nothing was ever spent nothing is expected.
            when budgets.as_of_date = budgets.month_end then coalesce(spent.cost_to_date, 0)
            else coalesce(forecasts.forecast_cost, 0)
        end as expected_cost,
        case
            when expected_cost is not null then coalesce(forecasts.forecast_low_cost, expected_cost)
        end as expected_low_cost,
        case
            when expected_cost is not null then coalesce(forecasts.forecast_high_cost, expected_cost)
        end as expected_high_cost
    from budgets
    left join spent using (budget, month)
    left join unconverted using (budget, month)
    left join behind using (scope, scope_name)
    left join owners using (scope, scope_name, month_start)
    left join forecasts
        on
            budgets.scope = forecasts.scope
            and budgets.scope_name = coalesce(forecasts.scope_name, '')
            and budgets.billing_currency = forecasts.billing_currency
            and budgets.is_converted = forecasts.is_converted
            and budgets.month = forecasts.month
),

judged as (
    select
        *,
        case
            when cost_to_date > budget_cost then 'burst'
            when unknown_reason is not null then 'unknown'
            when expected_cost > budget_cost then 'will_burst'
            when expected_high_cost > budget_cost then 'at_risk'
            else 'on_track'
        end as status,
        100 * cast(cost_to_date as double) / cast(budget_cost as double) as spent_percent,
        greatest(as_of_date - month_start + 1, 0) as days_gone,
        month_end - month_start + 1 as days_of_month
    from compared
),

final as (
    select
        budget,
        scope,
        nullif(scope_name, '') as scope_name,
        team,
        billing_currency,
        month,
        as_of_date,
        budget_cost,
        case when as_of_date is not null then cast(cost_to_date as decimal(38, 12)) end as cost_to_date,
        case when as_of_date is not null then spent_percent end as spent_percent,
        list_max(list_filter(warn_at, lambda percent: percent <= spent_percent)) as warned_percent,
        spent_percent / 100 * days_of_month / nullif(days_gone, 0) as burn_rate,
        cast(expected_cost as decimal(38, 12)) as forecast_cost,
        cast(expected_low_cost as decimal(38, 12)) as forecast_low_cost,
        cast(expected_high_cost as decimal(38, 12)) as forecast_high_cost,
        -- greatest() passes over what is unknown, and would give 0 for it.
        cast(
            case when expected_cost is not null then greatest(expected_cost - budget_cost, 0) end as decimal(38, 12)
        ) as projected_over_cost,
        case status
            when 'burst' then spent_date
            when 'will_burst'
                then
                    as_of_date + cast(ceil(
                        cast(budget_cost - cost_to_date as double) * (month_end - as_of_date)
                        / cast(expected_cost - cost_to_date as double)
                    ) as integer)
        end as exhausted_date,
        status,
        case when status = 'unknown' then unknown_reason end as reason
    from judged
)

select * from final
