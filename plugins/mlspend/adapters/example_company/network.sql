-- Network and logs: nobody's in particular, so mostly the platform's; what leaves for the internet carries no tag and
-- no resource, as on a real bill.

insert into fleet by name
select v.*, defaults.*
from (
    values
        ('platform-nat-hours', 'nat hours', '378901234567', 'ml-platform', 1, 1, 1, 'flat', 'arn:aws:ec2:us-east-1:{account}:natgateway/nat-0{id}', 'without stage'),
        ('platform-nat-bytes', 'nat bytes', '378901234567', 'ml-platform', 4, 200, 2600, 'day', 'arn:aws:ec2:us-east-1:{account}:natgateway/nat-0{id}', 'without stage'),
        ('answers-out', 'internet out', '023456789012', 'ml-platform', 4, 100, 900, 'day', null, 'untagged'),
        ('between-zones', 'between zones', '156789012345', 'ml-platform', 6, 500, 9000, 'noise', null, 'untagged'),
        ('platform-logs', 'logs', '378901234567', 'ml-platform', 6, 20, 160, 'noise', 'arn:aws:logs:us-east-1:{account}:log-group:/{name}/{id}', 'tagged'),
        ('endpoint-metrics', 'metrics', '023456789012', 'ml-platform', 24, 80, 120, 'noise', null, 'untagged')
) as v (name, product, account_id, project, every_hours, low, high, shape, resource, tagging)
cross join (select 'monitoring' as stage, 'prod' as environment) as defaults;
