import { Trail } from '@pulumi/aws/cloudtrail/trail.js';
import type { Provider } from '@pulumi/aws/provider.js';
import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketOwnershipControls } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import type { Resource } from '@pulumi/pulumi';
import type { OwnTrail, Place } from './arguments.ts';
import { type Location, names, trailArn, trailBucket } from './names.ts';
import { trailBucketPolicy } from './policies.ts';
import { inRegion, tags } from './provider.ts';

/**
 * The bucket of the trail's log files. It and its protection stay when the trail or the stack is deleted, so that no
 * log is deleted and a bucket with logs cannot fail the destroy. Its lifecycle expires the logs. A person deletes the
 * empty bucket, or the next trail adopts it by its name.
 */
function logBucket(provider: Provider, at: Location, own: OwnTrail): { name: string; guards: Resource[] } {
  const name = trailBucket(at.accountId);
  const { placed } = inRegion(provider, at.region);
  const kept = { provider, retainOnDelete: true };
  const bucket = new Bucket(name, { ...placed, bucket: name, tags: tags('account') }, kept);
  const of = { ...placed, bucket: bucket.bucket };
  const closed = new BucketPublicAccessBlock(
    name,
    {
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    kept,
  );
  const guards = [
    new BucketOwnershipControls(name, { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } }, kept),
    new BucketServerSideEncryptionConfiguration(
      name,
      { ...of, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }] },
      kept,
    ),
    new BucketLifecycleConfiguration(
      name,
      {
        ...of,
        rules: [
          {
            id: 'expire',
            status: 'Enabled',
            filter: { prefix: '' },
            expiration: { days: own.retentionDays },
          },
        ],
      },
      kept,
    ),
    new BucketPolicy(
      name,
      { ...of, policy: trailBucketPolicy(at, name, trailArn(at, names.trail)) },
      { ...kept, dependsOn: [closed] },
    ),
  ];
  return { name, guards: [closed, ...guards] };
}

/**
 * Declares an account's own trail: management write events of all its Regions, which EventBridge needs to see the
 * calls, into a bucket of the same account.
 */
export function accountTrail(provider: Provider, place: Place, own: OwnTrail): void {
  const at = { partition: place.partition, accountId: place.accountId, region: own.region };
  const { name, guards } = logBucket(provider, at, own);
  new Trail(
    names.trail,
    {
      ...inRegion(provider, own.region).placed,
      name: names.trail,
      s3BucketName: name,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      enableLogging: true,
      eventSelectors: [{ readWriteType: 'WriteOnly', includeManagementEvents: true }],
      tags: tags('account'),
    },
    { provider, dependsOn: guards },
  );
}
