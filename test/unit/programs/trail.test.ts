import { describe, expect, test } from 'vitest';
import { accountArgs, declare, inputsOf, titles } from './declared.ts';

const bucket = 'portcullis-trail-300000000001';
const arn = (partition: string, region: string) =>
  `arn:${partition}:cloudtrail:${region}:300000000001:trail/portcullis`;
const withTrail = (partition = 'aws', region = 'eu-west-1') => ({
  ...accountArgs([], partition),
  trail: { region, retentionDays: 30 },
});
const parts = [
  'Bucket',
  'BucketLifecycleConfiguration',
  'BucketOwnershipControls',
  'BucketPolicy',
  'BucketPublicAccessBlock',
  'BucketServerSideEncryptionConfiguration',
];

describe("an account's own trail", () => {
  test('is not declared unless asked for', async () => {
    expect(titles(await declare(accountArgs())).filter((title) => /Trail|Bucket/.test(title))).toEqual([]);
  });

  test('is one trail with one bucket and what guards it, beside the roles', async () => {
    const plain = titles(await declare(accountArgs()));
    expect(titles(await declare(withTrail())).sort()).toEqual(
      [...plain, ...parts.map((part) => `${part} ${bucket}`), 'Trail portcullis'].sort(),
    );
  });

  test('records management writes of every Region, validated', async () => {
    expect(inputsOf(await declare(withTrail()), 'Trail', 'portcullis')).toMatchObject({
      name: 'portcullis',
      region: 'eu-west-1',
      s3BucketName: bucket,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      enableLogging: true,
      eventSelectors: [{ readWriteType: 'WriteOnly', includeManagementEvents: true }],
    });
  });

  test('has everything in its own Region, wherever the rest of the stack is', async () => {
    const declared = await declare(withTrail('aws', 'ap-southeast-2'));
    const placed = declared.filter(({ type }) => /:s3\/|:cloudtrail\//.test(type));
    expect(placed).toHaveLength(7);
    expect(new Set(placed.map(({ inputs }) => inputs.region))).toEqual(new Set(['ap-southeast-2']));
  });

  test('keeps its logs closed, encrypted and for the days asked', async () => {
    const declared = await declare(withTrail());
    expect(inputsOf(declared, 'BucketPublicAccessBlock', bucket)).toMatchObject({
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(inputsOf(declared, 'BucketOwnershipControls', bucket).rule).toEqual({
      objectOwnership: 'BucketOwnerEnforced',
    });
    expect(inputsOf(declared, 'BucketServerSideEncryptionConfiguration', bucket).rules).toEqual([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } },
    ]);
    expect(inputsOf(declared, 'BucketLifecycleConfiguration', bucket).rules).toMatchObject([
      { status: 'Enabled', expiration: { days: 30 } },
    ]);
  });

  test.each([
    ['aws', 'eu-west-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-cn', 'cn-north-1'],
  ])(
    'in %s the bucket admits CloudTrail for this one trail, and denies access without TLS',
    async (partition, region) => {
      const { policy } = inputsOf(await declare(withTrail(partition, region)), 'BucketPolicy', bucket);
      const source = { 'aws:SourceArn': arn(partition, region) };
      expect(JSON.parse(policy).Statement).toEqual([
        {
          Sid: 'CloudTrailLooks',
          Effect: 'Allow',
          Principal: { Service: 'cloudtrail.amazonaws.com' },
          Action: 's3:GetBucketAcl',
          Resource: `arn:${partition}:s3:::${bucket}`,
          Condition: { StringEquals: source },
        },
        {
          Sid: 'CloudTrailWrites',
          Effect: 'Allow',
          Principal: { Service: 'cloudtrail.amazonaws.com' },
          Action: 's3:PutObject',
          Resource: `arn:${partition}:s3:::${bucket}/AWSLogs/300000000001/*`,
          Condition: { StringEquals: { ...source, 's3:x-amz-acl': 'bucket-owner-full-control' } },
        },
        {
          Sid: 'NobodyWithoutTls',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: [`arn:${partition}:s3:::${bucket}`, `arn:${partition}:s3:::${bucket}/*`],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ]);
    },
  );
});
