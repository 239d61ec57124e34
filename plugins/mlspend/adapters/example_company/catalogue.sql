-- What there is to buy. Prices are list prices per unit in USD, approximately those AWS published for on-demand use
-- in us-east-1 (eu-west-1 where the region says so) in autumn 2026; the Savings Plan rate is that of a Compute Savings
-- Plan, 3 years, partial upfront.

create table services as
select *
from (
    values
        ('AmazonEC2', 'Amazon Elastic Compute Cloud'),
        ('AmazonSageMaker', 'Amazon SageMaker'),
        ('AmazonS3', 'Amazon Simple Storage Service'),
        ('AmazonEKS', 'Amazon Elastic Container Service for Kubernetes'),
        ('AmazonRDS', 'Amazon Relational Database Service'),
        ('AmazonCloudWatch', 'AmazonCloudWatch'),
        ('AmazonBedrock', 'Amazon Bedrock'),
        ('ComputeSavingsPlans', 'Savings Plans for AWS Compute usage'),
        ('AWSSupportBusiness', 'AWS Support (Business)'),
        ('8z4xk1t5example0tracking7', 'Example Tracker: experiments and models (SaaS)')
) as v (product_code, service_name);

create table products as
select
    * replace (
        cast(price as decimal(18, 8)) as price,
        cast(savings_plan_rate as decimal(18, 8)) as savings_plan_rate
    )
from (
    values
        -- Machines. Spot prices move between 30 and 45 percent of these.
        ('p5.48xlarge', 'AmazonEC2', 'BoxUsage:p5.48xlarge', 'RunInstances', 'Compute Instance', 'p5.48xlarge', 'us-east-1', 'Hrs', 55.04, null),
        ('p5.48xlarge spot', 'AmazonEC2', 'SpotUsage:p5.48xlarge', 'RunInstances:SV001', 'Compute Instance', 'p5.48xlarge', 'us-east-1', 'Hrs', 55.04, null),
        ('p4d.24xlarge', 'AmazonEC2', 'BoxUsage:p4d.24xlarge', 'RunInstances', 'Compute Instance', 'p4d.24xlarge', 'us-east-1', 'Hrs', 21.96, 9.1134),
        ('p4d.24xlarge spot', 'AmazonEC2', 'SpotUsage:p4d.24xlarge', 'RunInstances:SV002', 'Compute Instance', 'p4d.24xlarge', 'us-east-1', 'Hrs', 21.96, null),
        ('g5.12xlarge spot', 'AmazonEC2', 'SpotUsage:g5.12xlarge', 'RunInstances:SV003', 'Compute Instance', 'g5.12xlarge', 'us-east-1', 'Hrs', 5.672, null),
        ('g5.2xlarge', 'AmazonEC2', 'BoxUsage:g5.2xlarge', 'RunInstances', 'Compute Instance', 'g5.2xlarge', 'us-east-1', 'Hrs', 1.212, 0.5234),
        ('m6i.4xlarge', 'AmazonEC2', 'BoxUsage:m6i.4xlarge', 'RunInstances', 'Compute Instance', 'm6i.4xlarge', 'us-east-1', 'Hrs', 0.768, 0.3542),
        ('r6i.2xlarge', 'AmazonEC2', 'BoxUsage:r6i.2xlarge', 'RunInstances', 'Compute Instance', 'r6i.2xlarge', 'us-east-1', 'Hrs', 0.504, 0.2326),
        ('db.r6g.2xlarge', 'AmazonRDS', 'InstanceUsage:db.r6g.2xl', 'CreateDBInstance:0014', 'Database Instance', 'db.r6g.2xlarge', 'us-east-1', 'Hrs', 0.86, null),
        -- SageMaker: training and processing jobs, endpoints, notebooks, Studio, feature store.
        ('train ml.p5.48xlarge', 'AmazonSageMaker', 'USE1-Train:ml.p5.48xlarge', 'RunInstance', 'ML Instance', 'ml.p5.48xlarge', 'us-east-1', 'Hrs', 63.296, null),
        ('train ml.p4d.24xlarge', 'AmazonSageMaker', 'USE1-Train:ml.p4d.24xlarge', 'RunInstance', 'ML Instance', 'ml.p4d.24xlarge', 'us-east-1', 'Hrs', 25.251, null),
        ('train ml.g5.12xlarge', 'AmazonSageMaker', 'USE1-Train:ml.g5.12xlarge', 'RunInstance', 'ML Instance', 'ml.g5.12xlarge', 'us-east-1', 'Hrs', 7.09, null),
        ('host ml.g5.12xlarge', 'AmazonSageMaker', 'USE1-Host:ml.g5.12xlarge', 'RunInstance', 'ML Instance', 'ml.g5.12xlarge', 'us-east-1', 'Hrs', 7.09, null),
        ('host ml.g5.2xlarge', 'AmazonSageMaker', 'USE1-Host:ml.g5.2xlarge', 'RunInstance', 'ML Instance', 'ml.g5.2xlarge', 'us-east-1', 'Hrs', 1.515, null),
        ('host ml.g5.12xlarge eu', 'AmazonSageMaker', 'EU-Host:ml.g5.12xlarge', 'RunInstance', 'ML Instance', 'ml.g5.12xlarge', 'eu-west-1', 'Hrs', 7.91, null),
        ('notebook ml.g4dn.xlarge', 'AmazonSageMaker', 'USE1-Notebk:ml.g4dn.xlarge', 'RunInstance', 'ML Instance', 'ml.g4dn.xlarge', 'us-east-1', 'Hrs', 0.7364, null),
        ('studio ml.g5.xlarge', 'AmazonSageMaker', 'USE1-Studio:KernelGateway-ml.g5.xlarge', 'RunInstance', 'ML Instance', 'ml.g5.xlarge', 'us-east-1', 'Hrs', 1.408, null),
        ('processing ml.m5.4xlarge', 'AmazonSageMaker', 'USE1-Processing:ml.m5.4xlarge', 'RunInstance', 'ML Instance', 'ml.m5.4xlarge', 'us-east-1', 'Hrs', 0.922, null),
        ('feature writes', 'AmazonSageMaker', 'USE1-FeatureStore-WriteRequestUnits', 'PutRecord', 'ML Feature Store', null, 'us-east-1', 'WriteRequestUnits', 0.00000125, null),
        ('feature reads', 'AmazonSageMaker', 'USE1-FeatureStore-ReadRequestUnits', 'GetRecord', 'ML Feature Store', null, 'us-east-1', 'ReadRequestUnits', 0.00000025, null),
        -- Models by the token: the unit is one thousand tokens.
        ('tokens in', 'AmazonBedrock', 'USE1-NovaPro-input-tokens', 'InvokeModelInference', 'Amazon Bedrock', null, 'us-east-1', '1K tokens', 0.0008, null),
        ('tokens out', 'AmazonBedrock', 'USE1-NovaPro-output-tokens', 'InvokeModelStreamingInference', 'Amazon Bedrock', null, 'us-east-1', '1K tokens', 0.0032, null),
        -- Storage.
        ('gp2', 'AmazonEC2', 'EBS:VolumeUsage.gp2', 'CreateVolume-Gp2', 'Storage', null, 'us-east-1', 'GB-Mo', 0.10, null),
        ('gp3', 'AmazonEC2', 'EBS:VolumeUsage.gp3', 'CreateVolume-Gp3', 'Storage', null, 'us-east-1', 'GB-Mo', 0.08, null),
        ('snapshot', 'AmazonEC2', 'EBS:SnapshotUsage', 'CreateSnapshot', 'Storage Snapshot', null, 'us-east-1', 'GB-Mo', 0.05, null),
        ('snapshot eu', 'AmazonEC2', 'EU-EBS:SnapshotUsage', 'CreateSnapshot', 'Storage Snapshot', null, 'eu-west-1', 'GB-Mo', 0.05, null),
        ('s3 standard', 'AmazonS3', 'TimedStorage-ByteHrs', 'StandardStorage', 'Storage', null, 'us-east-1', 'GB-Mo', 0.021, null),
        ('s3 standard eu', 'AmazonS3', 'EU-TimedStorage-ByteHrs', 'StandardStorage', 'Storage', null, 'eu-west-1', 'GB-Mo', 0.023, null),
        ('s3 writes', 'AmazonS3', 'Requests-Tier1', 'PutObject', 'API Request', null, 'us-east-1', 'Requests', 0.000005, null),
        ('s3 reads', 'AmazonS3', 'Requests-Tier2', 'GetObject', 'API Request', null, 'us-east-1', 'Requests', 0.0000004, null),
        -- Network and the rest of the platform.
        ('nat hours', 'AmazonEC2', 'NatGateway-Hours', 'NatGateway', 'NAT Gateway', null, 'us-east-1', 'Hrs', 0.045, null),
        ('nat bytes', 'AmazonEC2', 'NatGateway-Bytes', 'NatGateway', 'NAT Gateway', null, 'us-east-1', 'GB', 0.045, null),
        ('internet out', 'AmazonEC2', 'DataTransfer-Out-Bytes', 'RunInstances', 'Data Transfer', null, 'us-east-1', 'GB', 0.09, null),
        ('between zones', 'AmazonEC2', 'DataTransfer-Regional-Bytes', 'InterZone-In', 'Data Transfer', null, 'us-east-1', 'GB', 0.01, null),
        ('logs', 'AmazonCloudWatch', 'USE1-DataProcessing-Bytes', 'PutLogEvents', 'Data Payload', null, 'us-east-1', 'GB', 0.50, null),
        ('metrics', 'AmazonCloudWatch', 'USE1-CW:MetricMonitorUsage', 'MetricStorage', 'Metric', null, 'us-east-1', 'Metrics', 0.30, null),
        ('eks cluster', 'AmazonEKS', 'USE1-AmazonEKS-Hours:perCluster', 'CreateOperation', 'Compute', null, 'us-east-1', 'Hours', 0.10, null),
        ('pod cpu', 'AmazonEKS', 'USE1-EKS-EC2-vCPU-Hours', 'EKSPod-EC2', 'Compute', null, 'us-east-1', 'vCPU-Hours', 0, null),
        ('pod memory', 'AmazonEKS', 'USE1-EKS-EC2-GB-Hours', 'EKSPod-EC2', 'Compute', null, 'us-east-1', 'GB-Hours', 0, null),
        -- Bought once, or once a month.
        ('savings plan', 'ComputeSavingsPlans', 'ComputeSP:3yrPartialUpfront', 'None', null, null, 'us-east-1', 'Hrs', 0, null),
        ('support', 'AWSSupportBusiness', 'Dollar', 'None', 'AWS Support', null, 'global', 'Dollar', 1, null),
        ('tracker', '8z4xk1t5example0tracking7', 'Global-Subscription', 'Hourly', null, null, 'global', 'Units', 4200, null)
) as v (
    product, product_code, usage_type, operation, family, instance_type, region, unit, price, savings_plan_rate
);
