-- Serving, working and watching: endpoints that follow the day, notebooks (one forgotten), the feature store,
-- monitoring jobs, models by the token, and the Kubernetes cluster with its nodes.

insert into fleet by name
select
    v.*,
    'inference' as stage,
    'day' as shape,
    true as is_whole,
    'arn:aws:sagemaker:{region}:{account}:endpoint/{name}-{id}' as resource
from (
    values
        ('recommender-ranker', 'host ml.g5.2xlarge', '023456789012', 'recommender', 'prod', 8, 24, 'tagged'),
        ('fraud-scorer', 'host ml.g5.2xlarge', '023456789012', 'fraud-detection', 'prod', 6, 12, 'misspelt values'),
        ('assistant-chat', 'host ml.g5.12xlarge', '023456789012', 'llm-assistant', 'prod', 6, 18, 'tagged'),
        ('assistant-chat-eu', 'host ml.g5.12xlarge eu', '489012345678', 'llm-assistant', 'prod', 2, 10, 'without stage')
) as v (name, product, account_id, project, environment, low, high, tagging);

insert into fleet by name
select
    v.*,
    'notebook' as stage,
    'arn:aws:sagemaker:us-east-1:{account}:' || kind || '/{name}-{id}' as resource
from (
    values
        ('scientist-discovery', 'notebook ml.g4dn.xlarge', '045678901234', 'recommender', 'dev', 2, true, 'tagged'),
        ('scientist-assistants', 'studio ml.g5.xlarge', '156789012345', 'llm-assistant', 'dev', 2, true, 'odd characters'),
        ('forgotten-notebook', 'notebook ml.g4dn.xlarge', '590123456789', 'forecasting', 'dev', 1, false, 'untagged')
) as v (name, product, account_id, project, environment, instances, only_office_hours, tagging)
inner join (
    values ('notebook ml.g4dn.xlarge', 'notebook-instance'), ('studio ml.g5.xlarge', 'app')
) as kinds (kind_of, kind)
    on v.product = kinds.kind_of;

insert into fleet by name
select v.*
from (
    values
        ('recommender-features-in', 'feature writes', '267890123456', 'recommender', 'prod', 'feature_store', 6, 40000000, 90000000, 'noise', 'arn:aws:sagemaker:us-east-1:{account}:feature-group/{name}-{id}', 'tagged'),
        ('fraud-features-in', 'feature writes', '267890123456', 'fraud-detection', 'prod', 'feature_store', 6, 20000000, 60000000, 'noise', 'arn:aws:sagemaker:us-east-1:{account}:feature-group/{name}-{id}', 'tagged'),
        ('recommender-features-out', 'feature reads', '267890123456', 'recommender', 'prod', 'feature_store', 6, 50000000, 95000000, 'day', 'arn:aws:sagemaker:us-east-1:{account}:feature-group/{name}-{id}', 'tagged'),
        ('recommender-drift', 'processing ml.m5.4xlarge', '023456789012', 'recommender', 'prod', 'monitoring', 24, 2, 2, 'flat', 'arn:aws:sagemaker:us-east-1:{account}:processing-job/{name}-{run}', 'tagged'),
        ('fraud-drift', 'processing ml.m5.4xlarge', '023456789012', 'fraud-detection', 'prod', 'monitoring', 24, 4, 4, 'flat', 'arn:aws:sagemaker:us-east-1:{account}:processing-job/{name}-{run}', 'tagged'),
        ('assistant-tokens-in', 'tokens in', '023456789012', 'llm-assistant', 'prod', 'inference', 4, 20000, 160000, 'day', 'arn:aws:bedrock:us-east-1:{account}:inference-profile/{name}-{id}', 'tagged'),
        ('assistant-tokens-out', 'tokens out', '023456789012', 'llm-assistant', 'prod', 'inference', 4, 5000, 40000, 'day', 'arn:aws:bedrock:us-east-1:{account}:inference-profile/{name}-{id}', 'tagged'),
        ('platform-cluster', 'eks cluster', '378901234567', 'ml-platform', 'prod', 'inference', 1, 1, 1, 'flat', 'arn:aws:eks:us-east-1:{account}:cluster/{name}-{id}', 'tagged')
) as v (name, product, account_id, project, environment, stage, every_hours, low, high, shape, resource, tagging);

-- Machines under a commitment: see commitments.sql for its terms.
insert into fleet by name
select v.*, 'i-0{id}' as resource
from (
    values
        ('platform-node', 'm6i.4xlarge', '378901234567', 'ml-platform', 'prod', 'inference', 2, 1, 1, true, 'savings plan', 'tagged'),
        ('search-serving', 'p4d.24xlarge', '023456789012', 'search-ranking', 'prod', 'inference', 1, 1, 1, false, 'savings plan', 'tagged'),
        ('reranker-serving', 'g5.2xlarge', '023456789012', 'search-ranking', 'prod', 'inference', 1, 24, 23, false, 'gpu-serving', 'tagged'),
        ('feature-loader', 'r6i.2xlarge', '267890123456', 'ml-platform', 'prod', 'data', 1, 24, 9, false, 'feature-loading', 'tagged')
) as v (
    name, product, account_id, project, environment, stage, instances, every_hours, run_hours, only_office_hours,
    commitment, tagging
);

insert into fleet by name
select
    'experiment-database' as name,
    'db.r6g.2xlarge' as product,
    '267890123456' as account_id,
    'ml-platform' as project,
    'prod' as environment,
    'monitoring' as stage,
    'experiment-database' as commitment,
    'tagged' as tagging,
    'arn:aws:rds:us-east-1:{account}:db:{name}-{id}' as resource;
