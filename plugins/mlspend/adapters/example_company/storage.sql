-- Storage: volumes (one left behind, attached to nothing), snapshots that only ever grow, buckets and their requests.
-- For storage `high` is the size in GB; the billed quantity is GB-months.

insert into fleet by name
select v.*, 'data' as stage, 'storage' as shape
from (
    values
        ('training-scratch', 'gp3', '156789012345', 'llm-assistant', 'prod', 1, 40000, 0, 'vol-0{id}', 'tagged'),
        ('left-behind', 'gp2', '590123456789', 'forecasting', 'dev', 1, 16000, 0, 'vol-0{id}', 'untagged'),
        ('checkpoints', 'snapshot', '156789012345', 'llm-assistant', 'prod', 24, 60000, 0.09, 'arn:aws:ec2:us-east-1:{account}:snapshot/snap-0{id}', 'tagged'),
        ('nightly-volumes', 'snapshot', '023456789012', 'search-ranking', 'prod', 24, 25000, 0.06, 'arn:aws:ec2:us-east-1:{account}:snapshot/snap-0{id}', 'key proj'),
        ('old-cluster', 'snapshot eu', '489012345678', 'llm-assistant', 'prod', 24, 18000, 0.12, 'arn:aws:ec2:eu-west-1:{account}:snapshot/snap-0{id}', 'untagged'),
        ('datasets', 's3 standard', '267890123456', 'ml-platform', 'prod', 24, 420000, 0.03, 'example-ml-datasets-{copy}', 'tagged'),
        ('clickstream', 's3 standard', '267890123456', 'recommender', 'prod', 24, 380000, 0.04, 'example-ml-clickstream-{copy}', 'tagged'),
        ('model-artifacts', 's3 standard', '023456789012', 'search-ranking', 'prod', 24, 90000, 0.05, 'example-ml-models-{copy}', 'key Project'),
        ('unlabelled-dumps', 's3 standard', '590123456789', 'forecasting', 'dev', 24, 210000, 0.01, 'example-ml-dumps-{copy}', 'untagged'),
        ('assistant-logs-eu', 's3 standard eu', '489012345678', 'llm-assistant', 'prod', 24, 60000, 0.02, 'example-ml-chat-logs-{copy}', 'tagged')
) as v (name, product, account_id, project, environment, every_hours, high, monthly_growth, resource, tagging);

insert into fleet by name
select v.*, 'data' as stage, 'noise' as shape, true as is_whole, 6 as every_hours
from (
    values
        ('datasets-reads', 's3 reads', '267890123456', 'ml-platform', 'prod', 10000000, 60000000, 'example-ml-datasets-{copy}', 'tagged'),
        ('clickstream-writes', 's3 writes', '267890123456', 'recommender', 'prod', 500000, 4000000, 'example-ml-clickstream-{copy}', 'tagged'),
        ('artifacts-reads', 's3 reads', '023456789012', 'search-ranking', 'prod', 100000, 900000, 'example-ml-models-{copy}', 'odd characters')
) as v (name, product, account_id, project, environment, low, high, resource, tagging);
