import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { SQS } from '@aws-sdk/client-sqs';
import * as aws from '@pulumi/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '../../../../sandbox/sandbox.ts';
import { type Engine, type EngineStack, startEngine, steps } from './engine.ts';
import { type Choice, everyType } from './program.ts';

const ACCOUNT = '222222222222';
let engine: Engine;
let sandbox: Sandbox;
let choice: Choice = {};

beforeAll(async () => {
  engine = await startEngine(ACCOUNT);
  sandbox = engine.sandbox;
});
afterAll(() => engine?.stop());

const settings = () => sandbox.root(ACCOUNT, 'eu-west-1');
const provider = (
  more: Partial<Pick<aws.ProviderArgs, 'allowedAccountIds' | 'assumeRoles' | 'defaultTags'>> = {},
) =>
  new aws.Provider('aws', {
    region: 'eu-west-1',
    allowedAccountIds: [ACCOUNT],
    defaultTags: { tags: { 'portcullis:stack': 'test' } },
    ...more,
  });

const everything = (): Promise<EngineStack> =>
  engine.stack('every', async () => everyType(provider(), choice));

const planned = async (refresh: boolean): Promise<string[]> => steps(await everything(), refresh);

test('every type is created, and a second preview changes nothing, refreshed or not', async () => {
  const stack = await everything();
  const { summary } = await stack.up();
  const outputs = await stack.readOutputs();
  expect(summary.resourceChanges).toEqual({ create: 22 });
  expect(outputs.busArn?.value).toBe(`arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/test-bus`);
  expect(await planned(false)).toEqual([]);
  expect(await planned(true)).toEqual([]);
});

test('a secret is not in the state in the clear, and reaches the function', async () => {
  const state = readFileSync(join(engine.directory, 'state/.pulumi/stacks/provider/every.json'), 'utf8');
  expect(state).toContain('ciphertext');
  expect(state).not.toContain('hidden-value-1');
  const held = await new Lambda(settings()).getFunctionConfiguration({ FunctionName: 'test-function' });
  expect(held.Environment?.Variables).toEqual({ LEVEL: 'info', HIDDEN: 'hidden-value-1' });
});

test('a preview of new resources creates none of them', async () => {
  choice = { ruleName: 'never-made' };
  expect(await planned(false)).toContain('replace rule name');
  choice = {};
  const events = new EventBridge(settings());
  const { Rules } = await events.listRules({ EventBusName: 'test-bus' });
  expect(Rules?.map(({ Name }) => Name)).toEqual(['test-rule']);
});

const otherPolicy = (Action: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action, Resource: '*', Principal: '*' }],
  });

test('each kind of edit by hand is found by refresh and healed by the next update', async () => {
  const events = new EventBridge(settings());
  const sqs = new SQS(settings());
  const lambda = new Lambda(settings());
  await events.putRule({
    Name: 'test-rule',
    EventBusName: 'test-bus',
    EventPattern: '{"source":["other"]}',
    Description: 'first',
  });
  await events.removeTargets({ Rule: 'test-forward', Ids: ['org-bus'] });
  await events.deleteRule({ Name: 'test-forward' });
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  await new IAM(settings()).putRolePolicy({
    RoleName: 'test-forwarder',
    PolicyName: 'put-events',
    PolicyDocument: policy,
  });
  const { QueueUrl = '' } = await sqs.getQueueUrl({ QueueName: 'test-queue' });
  await sqs.setQueueAttributes({
    QueueUrl,
    Attributes: { Policy: otherPolicy('sqs:PurgeQueue'), VisibilityTimeout: '5' },
  });
  await sqs.untagQueue({ QueueUrl, TagKeys: ['owner', 'portcullis:stack'] });
  await events.putPermission({ EventBusName: 'test-bus', Policy: otherPolicy('events:PutRule') });
  await lambda.updateFunctionConfiguration({ FunctionName: 'test-function', Timeout: 1 });
  await lambda.removePermission({ FunctionName: 'test-function', StatementId: 'events' });
  await new CloudWatchLogs(settings()).deleteRetentionPolicy({ logGroupName: '/aws/lambda/test-function' });
  await events.putRule({ Name: 'test-schedule', ScheduleExpression: 'rate(2 hours)' });

  const drift = await planned(true);
  expect(drift).toEqual([
    'create default-rule',
    'create forward',
    'create permission',
    'update bus-policy policy',
    'update forwarder-policy policy',
    'update function timeout',
    'update logs retentionInDays',
    'update queue tags,tagsAll["portcullis:stack"],visibilityTimeoutSeconds',
    'update queue-policy policy',
    'update rule eventPattern',
    'update schedule scheduleExpression',
  ]);
  await (await everything()).up({ refresh: true });
  expect(await planned(true)).toEqual([]);
  expect((await events.describeRule({ Name: 'test-forward' })).State).toBe('ENABLED');
});

test('what can be is updated in place, and what is fixed is replaced', async () => {
  choice = {
    description: 'second',
    code: 'export const handler = 2;',
    timeout: 40,
    retention: 7,
    tags: { 'a:b': 'c' },
    schedule: 'cron(0 3 * * ? *)',
    concurrency: 3,
  };
  const updated = await (await everything()).up();
  expect(updated.summary.resourceChanges).toEqual({ same: 14, update: 8 });
  choice = { ...choice, ruleName: 'other-rule' };
  const replaced = await (await everything()).up();
  expect(replaced.summary.resourceChanges).toEqual({ same: 19, replace: 3 });
  expect(await planned(true)).toEqual([]);
  const { Rules } = await new EventBridge(settings()).listRules({ EventBusName: 'test-bus' });
  expect(Rules?.map(({ Name }) => Name)).toEqual(['other-rule']);
  choice = {};
  await (await everything()).up();
  expect(await planned(true)).toEqual([]);
});

test('a rule that exists is imported, and its unset properties stay unset', async () => {
  const pattern = '{"source":["by.hand"]}';
  await new EventBridge(settings()).putRule({ Name: 'by-hand', EventPattern: pattern });
  const imported = await engine.stack('import', async () => {
    const args = { name: 'by-hand', eventPattern: pattern };
    const on = { provider: provider({ defaultTags: {} }), import: 'by-hand' };
    new aws.cloudwatch.EventRule('by-hand', args, on);
  });
  expect((await imported.up()).summary.resourceChanges).toMatchObject({ import: 1 });
  expect((await imported.preview({ refresh: true })).changeSummary).toEqual({ same: 3 });
  await imported.destroy();
});

test('a name already taken is the error AWS gives, with the resource', async () => {
  const taken = await engine.stack('taken', async () => {
    new aws.cloudwatch.EventBus('mine', { name: 'test-bus' }, { provider: provider() });
  });
  await expect(taken.up()).rejects.toThrow(
    /creating aws:cloudwatch\/eventBus:EventBus "mine": ResourceAlreadyExists/,
  );
});

test('a property or type that the stand-in lacks is an error by name', async () => {
  const unknown = await engine.stack('unknown', async () => {
    new aws.sqs.Queue('queue', { name: 'q', fifoQueue: true }, { provider: provider() });
  });
  await expect(unknown.preview()).rejects.toThrow(/has no property "fifoQueue" .* accepts delaySeconds/);
  const topic = await engine.stack('topic', async () => {
    new aws.sns.Topic('topic', {}, { provider: provider() });
  });
  await expect(topic.preview()).rejects.toThrow(/no resource type aws:sns\/topic:Topic/);
});

test('credentials of another account are refused before anything is made', async () => {
  const wrong = await engine.stack('wrong', async () => {
    const elsewhere = provider({ allowedAccountIds: ['333333333333'] });
    new aws.sqs.Queue('queue', { name: 'never' }, { provider: elsewhere });
  });
  await expect(wrong.up()).rejects.toThrow(/credentials are of account 222222222222/);
  await expect(new SQS(settings()).getQueueUrl({ QueueName: 'never' })).rejects.toThrow();
});

test('one stack works in two Regions and, through a role, in another account', async () => {
  const OTHER = '333333333333';
  const roleArn = `arn:aws:iam::${OTHER}:role/deployer`;
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: ACCOUNT } };
  const iam = new IAM(sandbox.root(OTHER));
  await iam.createRole({
    RoleName: 'deployer',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  const permissions = { Effect: 'Allow', Action: 'events:*', Resource: '*' };
  await iam.putRolePolicy({
    RoleName: 'deployer',
    PolicyName: 'events',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [permissions] }),
  });
  const stack = await engine.stack('elsewhere', async () => {
    const assumeRoles = [{ roleArn, sessionName: 'test' }];
    const on = { provider: provider({ allowedAccountIds: [OTHER], assumeRoles }) };
    const args = { name: 'here', eventPattern: '{"source":["a"]}' };
    const here = new aws.cloudwatch.EventRule('here', args, on);
    const there = new aws.cloudwatch.EventRule('there', { ...args, region: 'us-east-1' }, on);
    return { here: here.arn, there: there.arn };
  });
  await stack.up();
  const outputs = await stack.readOutputs();
  expect(outputs.here?.value).toBe(`arn:aws:events:eu-west-1:${OTHER}:rule/here`);
  expect(outputs.there?.value).toBe(`arn:aws:events:us-east-1:${OTHER}:rule/here`);
  await stack.destroy();
  const elsewhere = new EventBridge(sandbox.root(OTHER, 'us-east-1'));
  expect((await elsewhere.listRules({})).Rules).toEqual([]);
});

test('destroy leaves nothing, also where a resource was deleted by hand before', async () => {
  await new EventBridge(settings()).removeTargets({ Rule: 'test-forward', Ids: ['org-bus'] });
  await (await everything()).destroy();
  const events = new EventBridge(settings());
  expect((await events.listEventBuses({})).EventBuses?.map(({ Name }) => Name)).toEqual(['default']);
  expect((await events.listRules({})).Rules?.map(({ Name }) => Name)).not.toContain('test-forward');
  expect(
    (await new IAM(settings()).listRoles({})).Roles?.filter(({ RoleName }) => RoleName?.startsWith('test-')),
  ).toEqual([]);
  expect((await new Lambda(settings()).listFunctions({})).Functions).toEqual([]);
  expect((await new SQS(settings()).listQueues({})).QueueUrls ?? []).toEqual([]);
  expect((await new CloudWatchLogs(settings()).describeLogGroups({})).logGroups).toEqual([]);
  expect((await new DynamoDB(settings()).listTables({})).TableNames).toEqual([]);
});
