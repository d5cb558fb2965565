import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Engine, pulumiEngine } from '../../../../controlplane/pulumi/engine.ts';
import type { OperationKind } from '../../../../controlplane/pulumi/operation.ts';
import type { DesiredStack } from '../../../../controlplane/stacks/desired.ts';
import { accountKey } from '../../../../controlplane/stacks/key.ts';
import type { AccountArguments, OwnTrail } from '../../../../programs/arguments.ts';
import { names, trailArn, trailBucket } from '../../../../programs/names.ts';
import { buildProvider } from '../../../../sandbox/provider/build.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

const accountId = '300000000006';
const region = 'eu-west-1';
const place = { partition: 'aws', accountId, region };
const Bucket = trailBucket(accountId);
const arn = trailArn(place, names.trail);
const made: OwnTrail = { region, retentionDays: 90 };
const args = (trail?: OwnTrail): AccountArguments => ({
  kind: 'account',
  place,
  hub: { partition: 'aws', accountId: '222222222222', region },
  organizationId: 'o-portcullis',
  narrowing: false,
  securityHub: false,
  trails: {},
  cells: [],
  ...(trail && { trail }),
});

const stackOf = (trail?: OwnTrail): DesiredStack => ({
  key: accountKey(accountId),
  arguments: args(trail),
  generation: 'test',
});
const operate = (kind: OperationKind, trail?: OwnTrail) =>
  engine.operate({ kind, stack: stackOf(trail), recover: false, known: false }, new AbortController().signal);

let sandbox: Sandbox;
let directory: string;
let engine: Engine;
let cloudTrail: CloudTrail;
let s3: S3;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  directory = await mkdtemp(join(tmpdir(), 'portcullis-own-trail-'));
  const awsPlugin = await buildProvider();
  vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', accountId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('PULUMI_CONFIG_PASSPHRASE', 'test');
  const state = `file://${join(directory, 'state')}`;
  engine = pulumiEngine({ data: directory, state, secretsProvider: 'passphrase', awsPlugin });
  cloudTrail = new CloudTrail(sandbox.root(accountId, region));
  s3 = new S3(sandbox.root(accountId, region));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sandbox?.stop();
  await rm(directory, { recursive: true, force: true });
});

const up = (trail?: OwnTrail) => operate('up', trail);
const planned = async (trail?: OwnTrail) => {
  const { changes, drift } = await operate('preview', trail);
  return [...changes, ...drift].map(({ operation: act, name }) => `${act} ${name}`).sort();
};
const trails = async () => (await cloudTrail.describeTrails({})).trailList ?? [];
const logFile = `AWSLogs/${accountId}/CloudTrail/one.json.gz`;
const keys = async () => ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);

test('the trail logs management writes of every Region into a closed, encrypted bucket whose logs end', async () => {
  await up(made);
  expect(await trails()).toMatchObject([
    { TrailARN: arn, S3BucketName: Bucket, IsMultiRegionTrail: true, LogFileValidationEnabled: true },
  ]);
  expect((await cloudTrail.getTrailStatus({ Name: arn })).IsLogging).toBe(true);
  expect((await cloudTrail.getEventSelectors({ TrailName: arn })).EventSelectors).toMatchObject([
    { ReadWriteType: 'WriteOnly', IncludeManagementEvents: true },
  ]);
  expect((await s3.getPublicAccessBlock({ Bucket })).PublicAccessBlockConfiguration).toEqual({
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  });
  expect((await s3.getBucketLifecycleConfiguration({ Bucket })).Rules).toMatchObject([
    { Status: 'Enabled', Expiration: { Days: 90 } },
  ]);
  expect((await s3.getBucketEncryption({ Bucket })).ServerSideEncryptionConfiguration?.Rules).toMatchObject([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
  ]);
});

test('a second look changes nothing', async () => {
  expect(await planned(made)).toEqual([]);
});

test('a manual change is found and corrected', async () => {
  await cloudTrail.stopLogging({ Name: arn });
  const EventSelectors = [{ ReadWriteType: 'ReadOnly' as const, IncludeManagementEvents: true }];
  await cloudTrail.putEventSelectors({ TrailName: arn, EventSelectors });
  await s3.deleteBucketPolicy({ Bucket });
  await s3.deletePublicAccessBlock({ Bucket });
  expect(await planned(made)).toEqual(expect.arrayContaining([expect.stringContaining(names.trail)]));
  await up(made);
  expect(await planned(made)).toEqual([]);
  expect((await cloudTrail.getTrailStatus({ Name: arn })).IsLogging).toBe(true);
});

test('retired, the trail goes; the bucket stays with its logs and all that guards it', async () => {
  await s3.putObject({ Bucket, Key: logFile, Body: '{}' });
  await up();
  expect(await trails()).toEqual([]);
  expect(await keys()).toEqual([logFile]);
  expect((await s3.getBucketPolicy({ Bucket })).Policy).toContain(arn);
  expect((await s3.getPublicAccessBlock({ Bucket })).PublicAccessBlockConfiguration?.BlockPublicPolicy).toBe(
    true,
  );
});

test('asked for again, the trail comes back and takes its bucket over, logs and all', async () => {
  await up(made);
  expect(await trails()).toHaveLength(1);
  expect(await keys()).toEqual([logFile]);
  expect(await planned(made)).toEqual([]);
});

test('what a lost state left behind is taken over: one trail, one bucket', async () => {
  await engine.forget(accountKey(accountId));
  await up(made);
  expect(await trails()).toHaveLength(1);
  expect(await planned(made)).toEqual([]);
});

test('a destroyed stack leaves no trail, fails on no log file, and deletes none', async () => {
  await operate('destroy', made);
  expect(await trails()).toEqual([]);
  expect(await keys()).toEqual([logFile]);
});
