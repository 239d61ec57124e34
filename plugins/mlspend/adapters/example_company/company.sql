-- Who there is: one organisation, its accounts, its projects and the ways people tag (and mistag) what they start.

create table accounts as
select *
from (
    values
        ('012345678901', 'example-ml-payer', 'Corporate'),
        ('023456789012', 'ml-prod', 'Products'),
        ('034567890123', 'ml-staging', 'Products'),
        ('045678901234', 'ml-dev', 'Products'),
        ('156789012345', 'ml-research', 'Research'),
        ('267890123456', 'data-platform', 'Platform'),
        ('378901234567', 'shared-services', 'Platform'),
        ('489012345678', 'ml-prod-eu', 'Products'),
        ('590123456789', 'sandbox', 'Research')
) as v (account_id, account_name, business_unit);

create table projects as
select *
from (
    values
        ('recommender', 'discovery'),
        ('fraud-detection', 'risk'),
        ('search-ranking', 'discovery'),
        ('llm-assistant', 'assistants'),
        ('forecasting', 'supply-chain'),
        ('ml-platform', 'platform')
) as v (project, team);

-- Resource tags as an export shows them: keys of users carry the prefix user_.
create macro resource_tags_of(tagging, project, team, environment, stage, workload) as
    case tagging
        when 'tagged' then map {
            'user_project': project, 'user_team': team, 'user_env': environment, 'user_stage': stage
        }
        when 'without stage' then map {'user_project': project, 'user_team': team, 'user_env': environment}
        when 'key Project' then map {'user_Project': project, 'user_env': environment, 'user_stage': stage}
        when 'key ml-project' then map {'user_ml_project': project, 'user_env': environment, 'user_stage': stage}
        when 'key proj' then map {'user_proj': project, 'user_stage': stage}
        when 'misspelt values' then map {
            'user_project': case project when 'recommender' then 'Recommender' else replace(project, '-', '_') end,
            'user_team': team,
            'user_env': environment,
            'user_stage': case stage when 'training' then 'train' else stage end
        }
        -- A pod carries what Kubernetes knows of it, and its labels.
        when 'pod' then map {
            'user_project': project,
            'user_stage': stage,
            'aws_eks_cluster_name': 'platform-cluster',
            'aws_eks_namespace': project,
            'aws_eks_workload_name': workload,
            'aws_eks_workload_type': 'Deployment'
        }
        when 'odd characters' then map {
            'user_project': project,
            'user_team': team,
            'user_env': environment,
            'user_stage': stage,
            'user_purpose': 'Zoë''s "quick" test 🚀;' || chr(10) || 'drop table line_items; -- 50 % done \'
        }
        -- Untagged, or a line that has no resource to tag.
        else cast(map {} as map(varchar, varchar))
    end;
