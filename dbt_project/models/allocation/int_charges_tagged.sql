{# Whom the tags of a charge name: of each dimension the first configured key that carries a value, as the name that
   this value stands for. #}
with charges as (
    select
        *,
        {{ first_tag('project') }} as tagged_project,
        {{ first_tag('team') }} as tagged_team,
        {{ first_tag('environment') }} as tagged_environment,
        {{ first_tag('ml_stage') }} as tagged_ml_stage
    from {{ ref('focus_costs') }}
    where {{ in_partition() }}
),

final as (
    select
        charges.*,
        {{ named_value('project') }} as named_project,
        {{ named_value('team') }} as named_team,
        {{ named_value('environment') }} as named_environment,
        {{ named_value('ml_stage') }} as named_ml_stage
    from charges
    left join {{ tag_names('project') }} as project_names on charges.tagged_project = project_names.tagged
    left join {{ tag_names('team') }} as team_names on charges.tagged_team = team_names.tagged
    left join {{ tag_names('environment') }} as environment_names
        on charges.tagged_environment = environment_names.tagged
    left join {{ tag_names('ml_stage') }} as ml_stage_names on charges.tagged_ml_stage = ml_stage_names.tagged
)

select * from final
