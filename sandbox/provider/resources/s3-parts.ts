import type { ExpirationStatus, ObjectOwnership, ServerSideEncryption } from '@aws-sdk/client-s3';
import { nested, optional, string, text } from '../protocol/resource.ts';
import { bucketPart, objects } from './s3-bucket.ts';

const off = { kind: 'boolean', default: false } as const;
const required = { kind: 'string', required: true } as const;

export const BucketPolicy = bucketPart({
  inputs: { policy: { kind: 'policy', required: true } },
  absent: ['NoSuchBucketPolicy'],
  put: (s3, Bucket, inputs) => s3.putBucketPolicy({ Bucket, Policy: string(inputs, 'policy') }),
  read: async (s3, Bucket) => ({ policy: (await s3.getBucketPolicy({ Bucket })).Policy }),
  delete: (s3, Bucket) => s3.deleteBucketPolicy({ Bucket }),
});

export const BucketPublicAccessBlock = bucketPart({
  inputs: { blockPublicAcls: off, blockPublicPolicy: off, ignorePublicAcls: off, restrictPublicBuckets: off },
  absent: ['NoSuchPublicAccessBlockConfiguration'],
  put: (s3, Bucket, inputs) =>
    s3.putPublicAccessBlock({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: optional(inputs, 'blockPublicAcls'),
        BlockPublicPolicy: optional(inputs, 'blockPublicPolicy'),
        IgnorePublicAcls: optional(inputs, 'ignorePublicAcls'),
        RestrictPublicBuckets: optional(inputs, 'restrictPublicBuckets'),
      },
    }),
  async read(s3, Bucket) {
    const { PublicAccessBlockConfiguration: found = {} } = await s3.getPublicAccessBlock({ Bucket });
    return {
      blockPublicAcls: found.BlockPublicAcls,
      blockPublicPolicy: found.BlockPublicPolicy,
      ignorePublicAcls: found.IgnorePublicAcls,
      restrictPublicBuckets: found.RestrictPublicBuckets,
    };
  },
  delete: (s3, Bucket) => s3.deletePublicAccessBlock({ Bucket }),
});

export const BucketOwnershipControls = bucketPart({
  inputs: { rule: { kind: 'object', required: true, fields: { objectOwnership: required } } },
  absent: ['OwnershipControlsNotFoundError'],
  put: (s3, Bucket, inputs) => {
    const ObjectOwnership = string(nested(inputs, 'rule'), 'objectOwnership') as ObjectOwnership;
    return s3.putBucketOwnershipControls({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } });
  },
  async read(s3, Bucket) {
    const { OwnershipControls } = await s3.getBucketOwnershipControls({ Bucket });
    return { rule: { objectOwnership: OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? '' } };
  },
  delete: (s3, Bucket) => s3.deleteBucketOwnershipControls({ Bucket }),
});

export const BucketServerSideEncryptionConfiguration = bucketPart({
  inputs: {
    rules: {
      kind: 'objects',
      required: true,
      fields: {
        applyServerSideEncryptionByDefault: {
          kind: 'object',
          required: true,
          fields: { sseAlgorithm: required },
        },
      },
    },
  },
  absent: ['ServerSideEncryptionConfigurationNotFoundError'],
  put: (s3, Bucket, inputs) => {
    const Rules = objects(inputs, 'rules').map((rule) => {
      const given = nested(rule, 'applyServerSideEncryptionByDefault');
      const SSEAlgorithm = string(given, 'sseAlgorithm') as ServerSideEncryption;
      return { ApplyServerSideEncryptionByDefault: { SSEAlgorithm } };
    });
    return s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
  },
  async read(s3, Bucket) {
    const { ServerSideEncryptionConfiguration: found } = await s3.getBucketEncryption({ Bucket });
    const rules = (found?.Rules ?? []).map(({ ApplyServerSideEncryptionByDefault: given }) => ({
      applyServerSideEncryptionByDefault: { sseAlgorithm: given?.SSEAlgorithm ?? '' },
    }));
    return { rules };
  },
  delete: (s3, Bucket) => s3.deleteBucketEncryption({ Bucket }),
});

export const BucketLifecycleConfiguration = bucketPart({
  inputs: {
    rules: {
      kind: 'objects',
      required: true,
      fields: {
        id: required,
        status: required,
        filter: { kind: 'object', fields: { prefix: text } },
        expiration: { kind: 'object', fields: { days: { kind: 'integer' } } },
      },
    },
  },
  absent: ['NoSuchLifecycleConfiguration'],
  put: (s3, Bucket, inputs) => {
    const Rules = objects(inputs, 'rules').map((rule) => ({
      ID: string(rule, 'id'),
      Status: string(rule, 'status') as ExpirationStatus,
      Filter: { Prefix: optional<string>(nested(rule, 'filter'), 'prefix') ?? '' },
      Expiration: { Days: optional<number>(nested(rule, 'expiration'), 'days') },
    }));
    return s3.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules } });
  },
  async read(s3, Bucket) {
    const { Rules = [] } = await s3.getBucketLifecycleConfiguration({ Bucket });
    return {
      rules: Rules.map(({ ID, Status, Filter, Expiration }) => ({
        id: ID ?? '',
        status: Status ?? '',
        filter: { prefix: Filter?.Prefix ?? '' },
        expiration: { days: Expiration?.Days ?? 0 },
      })),
    };
  },
  delete: (s3, Bucket) => s3.deleteBucketLifecycle({ Bucket }),
});
