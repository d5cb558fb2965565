import { DynamoDB } from '@aws-sdk/client-dynamodb';
import * as aws from '@pulumi/aws';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Engine, type EngineStack, startEngine, steps } from './engine.ts';

const ACCOUNT = '222222222222';
const TableName = 'test-table';
const ResourceArn = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/${TableName}`;
const usual: aws.dynamodb.TableArgs = {
  name: TableName,
  billingMode: 'PAY_PER_REQUEST',
  hashKey: 'key',
  attributes: [{ name: 'key', type: 'S' }],
  ttl: { attributeName: 'expiresAt', enabled: true },
  pointInTimeRecovery: { enabled: true },
  serverSideEncryption: { enabled: true },
  tags: { owner: 'test' },
};
let engine: Engine;
let dynamodb: DynamoDB;
let more: Partial<aws.dynamodb.TableArgs>;

beforeAll(async () => {
  engine = await startEngine(ACCOUNT);
  dynamodb = new DynamoDB(engine.sandbox.root(ACCOUNT, 'eu-west-1'));
});
afterAll(() => engine?.stop());
beforeEach(() => {
  more = {};
});

const provider = () => new aws.Provider('aws', { region: 'eu-west-1', allowedAccountIds: [ACCOUNT] });
const table = (): Promise<EngineStack> =>
  engine.stack('table', async () => {
    new aws.dynamodb.Table('table', { ...usual, ...more }, { provider: provider() });
  });
const planned = async (refresh: boolean): Promise<string[]> => steps(await table(), refresh);
const timeToLive = async () => (await dynamodb.describeTimeToLive({ TableName })).TimeToLiveDescription;
const recovery = async () =>
  (await dynamodb.describeContinuousBackups({ TableName })).ContinuousBackupsDescription
    ?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
const described = async () => (await dynamodb.describeTable({ TableName })).Table;

/** The table as declared without `more`, independent of the earlier tests. */
const asUsual = async () => (await table()).up({ refresh: true });

test('a table is as the program says, and a second update changes nothing', async () => {
  await asUsual();
  expect(await planned(false)).toEqual([]);
  expect(await planned(true)).toEqual([]);
  expect(await described()).toMatchObject({
    TableArn: ResourceArn,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
    SSEDescription: { Status: 'ENABLED' },
    DeletionProtectionEnabled: false,
  });
  expect(await timeToLive()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
  expect(await recovery()).toBe('ENABLED');
});

test('edits by hand are found by refresh, and healed without touching what the table holds', async () => {
  await asUsual();
  await dynamodb.putItem({ TableName, Item: { key: { S: 'kept' } } });
  const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: false };
  await dynamodb.updateTimeToLive({ TableName, TimeToLiveSpecification });
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: false };
  await dynamodb.updateContinuousBackups({ TableName, PointInTimeRecoverySpecification });
  await dynamodb.updateTable({ TableName, SSESpecification: { Enabled: false } });
  await dynamodb.updateTable({ TableName, DeletionProtectionEnabled: true });
  await dynamodb.untagResource({ ResourceArn, TagKeys: ['owner'] });
  await dynamodb.tagResource({ ResourceArn, Tags: [{ Key: 'more', Value: 'by hand' }] });
  expect(await planned(true)).toEqual([
    'update table deletionProtectionEnabled,pointInTimeRecovery.enabled,serverSideEncryption.enabled,' +
      'tags.more,tags.owner,ttl.attributeName,ttl.enabled',
  ]);
  await (await table()).up({ refresh: true });
  expect(await planned(true)).toEqual([]);
  expect(await timeToLive()).toMatchObject({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
  expect(await recovery()).toBe('ENABLED');
  expect((await described())?.SSEDescription?.Status).toBe('ENABLED');
  const { Tags } = await dynamodb.listTagsOfResource({ ResourceArn });
  expect(Tags).toEqual([{ Key: 'owner', Value: 'test' }]);
  const { Item } = await dynamodb.getItem({ TableName, Key: { key: { S: 'kept' } } });
  expect(Item).toEqual({ key: { S: 'kept' } });
});

test('time to live, recovery and tags are switched off and on in place', async () => {
  await asUsual();
  more = { ttl: { enabled: false }, pointInTimeRecovery: { enabled: false }, tags: {} };
  const { summary } = await (await table()).up();
  expect(summary.resourceChanges).toMatchObject({ update: 1 });
  expect(await planned(true)).toEqual([]);
  expect(await timeToLive()).toMatchObject({ TimeToLiveStatus: 'DISABLED' });
  expect(await recovery()).toBe('DISABLED');
  expect((await dynamodb.listTagsOfResource({ ResourceArn })).Tags).toEqual([]);
});

test('a table that was deleted by hand is created again, and another key replaces it', async () => {
  await asUsual();
  await dynamodb.deleteTable({ TableName });
  expect(await planned(true)).toEqual(['create table']);
  await (await table()).up({ refresh: true });
  expect(await planned(true)).toEqual([]);
  more = { hashKey: 'id', attributes: [{ name: 'id', type: 'S' }] };
  expect(await planned(false)).toContain('replace table attributes,hashKey');
  await (await table()).up();
  expect((await described())?.KeySchema).toEqual([{ AttributeName: 'id', KeyType: 'HASH' }]);
  expect(await planned(true)).toEqual([]);
});

test('a table that exists is imported, and its unset properties stay unset', async () => {
  await asUsual();
  const args = { name: 'by-hand', hashKey: 'k', attributes: [{ name: 'k', type: 'S' }] };
  await dynamodb.createTable({
    TableName: 'by-hand',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
  });
  const imported = await engine.stack('import', async () => {
    const on = { provider: provider(), import: 'by-hand' };
    new aws.dynamodb.Table('by-hand', { billingMode: 'PAY_PER_REQUEST', ...args }, on);
  });
  expect((await imported.up()).summary.resourceChanges).toMatchObject({ import: 1 });
  expect((await imported.preview({ refresh: true })).changeSummary).toEqual({ same: 3 });
  await imported.destroy();
  expect((await dynamodb.listTables({})).TableNames).toEqual([TableName]);
});

test.each<[string, Partial<aws.dynamodb.TableArgs>, RegExp]>([
  ['a property it lacks', { streamEnabled: true }, /no property "streamEnabled" .* accepts attributes/],
  [
    'a property it lacks inside another',
    { serverSideEncryption: { enabled: true, kmsKeyArn: 'arn:aws:kms:eu-west-1:222222222222:key/k' } },
    /no property "serverSideEncryption.kmsKeyArn"/,
  ],
  [
    'an attribute without a type',
    { attributes: [{ name: 'key' } as never] },
    /needs property "attributes\[0\].type"/,
  ],
  ['provisioned capacity', { billingMode: 'PROVISIONED' }, /"billingMode" must be PAY_PER_REQUEST/],
])('%s is an error by name', async (_, change, message) => {
  more = change;
  await expect((await table()).up()).rejects.toThrow(message);
});

test('a table that is protected from deletion stays, and the error has the reason that AWS gives', async () => {
  more = { deletionProtectionEnabled: true };
  await (await table()).up();
  await expect((await table()).destroy()).rejects.toThrow(/deleting .*Table "table": .*protect/i);
  expect(await described()).toMatchObject({ TableStatus: 'ACTIVE' });
});
