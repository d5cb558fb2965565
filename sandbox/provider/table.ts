import type { Resource } from './protocol/resource.ts';
import { Trail } from './resources/cloudtrail.ts';
import { MetricAlarm } from './resources/cloudwatch.ts';
import { Table } from './resources/dynamodb.ts';
import { EventSourceMapping } from './resources/event-source-mapping.ts';
import { EventTarget } from './resources/event-target.ts';
import { EventBus, EventBusPolicy, EventRule } from './resources/events.ts';
import { Role, RolePolicy } from './resources/iam.ts';
import { LambdaFunction } from './resources/lambda.ts';
import { FunctionEventInvokeConfig } from './resources/lambda-invoke-config.ts';
import { Permission } from './resources/lambda-permission.ts';
import { LogGroup } from './resources/logs.ts';
import { Bucket } from './resources/s3-bucket.ts';
import {
  BucketLifecycleConfiguration,
  BucketOwnershipControls,
  BucketPolicy,
  BucketPublicAccessBlock,
  BucketServerSideEncryptionConfiguration,
} from './resources/s3-parts.ts';
import { Queue, QueuePolicy } from './resources/sqs.ts';

/** Every resource type the provider knows, by Pulumi's type token. */
export const table: Readonly<Record<string, Resource>> = {
  'aws:cloudtrail/trail:Trail': Trail,
  'aws:cloudwatch/eventBus:EventBus': EventBus,
  'aws:cloudwatch/eventBusPolicy:EventBusPolicy': EventBusPolicy,
  'aws:cloudwatch/eventRule:EventRule': EventRule,
  'aws:cloudwatch/eventTarget:EventTarget': EventTarget,
  'aws:cloudwatch/logGroup:LogGroup': LogGroup,
  'aws:cloudwatch/metricAlarm:MetricAlarm': MetricAlarm,
  'aws:dynamodb/table:Table': Table,
  'aws:iam/role:Role': Role,
  'aws:iam/rolePolicy:RolePolicy': RolePolicy,
  'aws:lambda/eventSourceMapping:EventSourceMapping': EventSourceMapping,
  'aws:lambda/function:Function': LambdaFunction,
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': FunctionEventInvokeConfig,
  'aws:lambda/permission:Permission': Permission,
  'aws:s3/bucket:Bucket': Bucket,
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': BucketLifecycleConfiguration,
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': BucketOwnershipControls,
  'aws:s3/bucketPolicy:BucketPolicy': BucketPolicy,
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': BucketPublicAccessBlock,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
    BucketServerSideEncryptionConfiguration,
  'aws:sqs/queue:Queue': Queue,
  'aws:sqs/queuePolicy:QueuePolicy': QueuePolicy,
};

/** @throws naming the types there are when the type is none of them. */
export function resourceOf(type: string): Resource {
  const resource = table[type];
  if (resource) return resource;
  const known = Object.keys(table).sort().join(', ');
  throw new Error(`the sandbox's AWS provider has no resource type ${type}; it has ${known}`);
}
