-- Training: machines that come in bursts (a run of about run_hours starts every every_hours), on demand and on spot,
-- by hand on EC2 and as SageMaker jobs. A SageMaker job is one line an hour whatever the number of its machines.

insert into fleet by name
select
    v.*,
    'training' as stage,
    case when starts_with(product, 'train ')
        then 'arn:aws:sagemaker:us-east-1:{account}:training-job/{name}-{run}'
        else 'i-0{run}'
    end as resource
from (
    values
        ('llm-pretraining', 'p5.48xlarge', '156789012345', 'llm-assistant', 'prod', 8, 240, 40, 1, 'tagged'),
        ('llm-ablations', 'p5.48xlarge spot', '156789012345', 'llm-assistant', 'dev', 4, 168, 20, 1, 'without stage'),
        ('embeddings', 'p4d.24xlarge spot', '156789012345', 'recommender', 'prod', 4, 96, 20, 1, 'misspelt values'),
        ('ranker-experiments', 'p4d.24xlarge', '045678901234', 'search-ranking', 'dev', 3, 168, 32, 1, 'key ml-project'),
        ('demand-backtests', 'g5.12xlarge spot', '045678901234', 'forecasting', 'dev', 2, 48, 8, 1, 'key Project'),
        ('scratch-training', 'p4d.24xlarge', '590123456789', 'llm-assistant', 'dev', 2, 168, 36, 1, 'untagged'),
        ('recommender-retraining', 'train ml.p4d.24xlarge', '023456789012', 'recommender', 'prod', 1, 48, 12, 4, 'tagged'),
        ('fraud-retraining', 'train ml.g5.12xlarge', '023456789012', 'fraud-detection', 'prod', 1, 24, 5, 4, 'misspelt values'),
        ('llm-finetuning', 'train ml.p5.48xlarge', '156789012345', 'llm-assistant', 'staging', 1, 72, 14, 4, 'tagged'),
        ('search-retraining', 'train ml.p4d.24xlarge', '023456789012', 'search-ranking', 'prod', 1, 120, 16, 8, 'tagged'),
        ('demand-training', 'train ml.g5.12xlarge', '023456789012', 'forecasting', 'prod', 1, 24, 4, 6, 'key proj'),
        ('unnamed-tuning', 'train ml.p4d.24xlarge', '590123456789', 'recommender', 'dev', 1, 96, 20, 3, 'untagged')
) as v (name, product, account_id, project, environment, instances, every_hours, run_hours, high, tagging);

-- The surprise of the last complete ISO week: somebody at fraud-detection trains on machines far too large.
insert into fleet by name
select
    'fraud-graph-experiment' as name,
    'train ml.p5.48xlarge' as product,
    '045678901234' as account_id,
    'fraud-detection' as project,
    'dev' as environment,
    'training' as stage,
    4 as high,
    'tagged' as tagging,
    true as is_surprise,
    'arn:aws:sagemaker:us-east-1:{account}:training-job/{name}-{id}' as resource;
