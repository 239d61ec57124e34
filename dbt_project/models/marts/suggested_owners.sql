{# Who may own what has no owner. Nothing reads this table: a suggestion becomes an owner by a tag or a rule. #}
with spent as (
    select
        billing_account_id,
        sub_account_id,
        service_name,
        resource_id,
        billing_currency,
        case when not is_shared_cost and project <> 'unattributed' then project end as project,
        project = 'unattributed' as is_unattributed,
        sum(billed_cost) as billed_cost,
        sum(effective_cost) as effective_cost
    from {{ ref('attributed_costs') }}
    where {{ in_partition() }}
    group by all
),

creators as (
    select
        resource_id,
        min({{ creator() }}) as creator
    from {{ ref('focus_costs') }}
    where {{ in_partition() }} and {{ creator() }} is not null
    group by all
),

described as (
    select
        spent.*,
        creators.creator,
        {{ name_prefix('spent.resource_id') }} as name_prefix
    from spent
    left join creators on spent.resource_id = creators.resource_id
),

-- Below a cent nobody goes looking; the thousand dearest are more than somebody works through in a month.
orphans as (
    select *
    from described
    where is_unattributed and effective_cost > 0.01
    qualify row_number() over (order by effective_cost desc, resource_id, service_name, sub_account_id) <= 1000
),

-- What belongs together in one way or another, and how much of it each project has.
neighbours as (
    select
        'creator' as evidence,
        creator as shared_trait,
        project,
        billing_currency,
        effective_cost
    from described
    where creator is not null
    union all
    select
        'resource_prefix' as evidence,
        name_prefix as shared_trait,
        project,
        billing_currency,
        effective_cost
    from described
    where name_prefix is not null
    union all
    select
        'account' as evidence,
        sub_account_id as shared_trait,
        project,
        billing_currency,
        effective_cost
    from described
    where sub_account_id is not null
),

shares as (
    select
        evidence,
        shared_trait,
        billing_currency,
        project,
        sum(effective_cost) as project_cost,
        sum(sum(effective_cost)) over (partition by evidence, shared_trait, billing_currency) as owned_cost
    from neighbours
    where project is not null
    group by evidence, shared_trait, billing_currency, project
    having sum(effective_cost) > 0
    qualify
        row_number() over (
            partition by evidence, shared_trait, billing_currency order by sum(effective_cost) desc, project
        ) = 1
),

candidates as (
    select
        orphans.*,
        'name' as evidence,
        1 as strength,
        words.project as suggested_project,
        words.word as shared_trait,
        1.0 as evidence_share,
        length(words.word) as rank_within
    from orphans
    inner join {{ project_words() }} as words
        on contains('-' || {{ canonical_value('orphans.resource_id') }} || '-', '-' || words.word || '-')
    union all
    select
        orphans.*,
        shares.evidence,
        case shares.evidence when 'creator' then 2 when 'resource_prefix' then 3 else 4 end as strength,
        shares.project as suggested_project,
        shares.shared_trait,
        cast(shares.project_cost as double) / cast(shares.owned_cost as double) as evidence_share,
        0 as rank_within
    from orphans
    inner join shares
        on
            orphans.billing_currency = shares.billing_currency
            and case shares.evidence
                when 'creator' then orphans.creator
                when 'resource_prefix' then orphans.name_prefix
                else orphans.sub_account_id
            end = shares.shared_trait
),

final as (
    select
        {{ partition_source() }} as x_source,
        billing_account_id,
        {{ partition_period() }} as billing_period,
        sub_account_id,
        service_name,
        resource_id,
        suggested_project,
        evidence,
        shared_trait,
        cast(evidence_share as double) as evidence_share,
        billing_currency,
        billed_cost,
        effective_cost
    from candidates
    qualify
        row_number() over (
            partition by billing_account_id, sub_account_id, service_name, resource_id, billing_currency
            order by strength, rank_within desc, suggested_project
        ) = 1
)

select * from final
