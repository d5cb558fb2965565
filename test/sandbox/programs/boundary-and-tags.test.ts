import { CloudWatch } from '@aws-sdk/client-cloudwatch';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { SQS } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { names } from '../../../programs/names.ts';
import { accountStack, type EngineWorld, engineWorld, hubStack, operate } from '../../worlds/engine.ts';
import { deployerPolicy, hub } from '../../worlds/least-privilege.ts';

const account = hub.accountId;
const boundary = `arn:aws:iam::${account}:policy/boundary`;
const accessRoleArn = `arn:aws:iam::${account}:role/portcullis-access`;
let world: EngineWorld;
let iam: IAM;

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

/** As a landing zone has it: no role and no policy of a role without the boundary. */
const withoutBoundary = {
  Effect: 'Deny',
  Action: ['iam:CreateRole', 'iam:PutRolePolicy'],
  Resource: '*',
  Condition: { StringNotEquals: { 'iam:PermissionsBoundary': boundary } },
};

beforeAll(async () => {
  world = await engineWorld();
  iam = new IAM(world.clients);
  await iam.createRole({
    RoleName: 'portcullis-access',
    AssumeRolePolicyDocument: document({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'sts:AssumeRole',
    }),
  });
  await iam.putRolePolicy({
    RoleName: 'portcullis-access',
    PolicyName: 'deployer',
    PolicyDocument: document(...deployerPolicy.Statement, withoutBoundary),
  });
});
afterAll(async () => {
  iam?.destroy();
  await world?.stop();
});

/** A stack that the access role deploys, with what the settings give it. */
function stackWith(kind: 'account' | 'hub', given: object) {
  const stack = kind === 'hub' ? hubStack(world.bundle) : accountStack(hub.region);
  const { place } = stack.arguments;
  return { ...stack, arguments: { ...stack.arguments, place: { ...place, accessRoleArn }, ...given } };
}

/** The tags of one resource of each service, by what it is. */
async function tagsThere(): Promise<Record<string, Record<string, string>>> {
  const { clients } = world;
  const [events, sqs, lambda, alarms] = [
    new EventBridge(clients),
    new SQS({ ...clients, useQueueUrlAsEndpoint: false }),
    new Lambda(clients),
    new CloudWatch(clients),
  ];
  const map = (tags: { Key?: string; Value?: string }[] = []) =>
    Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
  const { Role } = await iam.getRole({ RoleName: names.lambdaRole });
  const bus = await events.describeEventBus({ Name: names.bus });
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: names.deadLetterQueue });
  const { Configuration } = await lambda.getFunction({ FunctionName: names.remediationFunction });
  const { EventSourceMappings: [mapping] = [] } = await lambda.listEventSourceMappings({});
  const { MetricAlarms: [alarm] = [] } = await alarms.describeAlarms({});
  const tags = {
    role: map(Role?.Tags),
    bus: map((await events.listTagsForResource({ ResourceARN: bus.Arn })).Tags),
    queue: (await sqs.listQueueTags({ QueueUrl })).Tags ?? {},
    function: (await lambda.listTags({ Resource: Configuration?.FunctionArn })).Tags ?? {},
    mapping: (await lambda.listTags({ Resource: mapping?.EventSourceMappingArn })).Tags ?? {},
    alarm: map((await alarms.listTagsForResource({ ResourceARN: alarm?.AlarmArn })).Tags),
  };
  for (const client of [events, sqs, lambda, alarms]) client.destroy();
  return tags;
}

const boundaryOf = async (RoleName: string) =>
  (await iam.getRole({ RoleName })).Role?.PermissionsBoundary?.PermissionsBoundaryArn;

test('where a boundary is required, a stack without one is refused', async () => {
  const stack = stackWith('account', {});
  await expect(operate(world.engine('without'), 'up', stack, { known: false })).rejects.toThrow(
    /not authorized to perform: iam:CreateRole/,
  );
});

test('a boundary that does not exist is named, with the setting', async () => {
  const stack = stackWith('account', { permissionsBoundary: boundary });
  await expect(operate(world.engine('absent'), 'up', stack, { known: false })).rejects.toThrow(
    /policy\/boundary does not exist.*correct PORTCULLIS_PERMISSIONS_BOUNDARY/s,
  );
});

test('every role has the boundary, everything has the tags, and a change of both arrives', async () => {
  await iam.createPolicy({
    PolicyName: 'boundary',
    PolicyDocument: document({ Effect: 'Allow', Action: '*', Resource: '*' }),
  });
  const engine = world.engine('data');
  const given = { permissionsBoundary: boundary, tags: { team: 'security', 'portcullis:managed': 'no' } };
  for (const kind of ['account', 'hub'] as const)
    await operate(engine, 'up', stackWith(kind, given), { known: false });
  for (const role of [names.remediationRole, names.forwarderRole, names.lambdaRole])
    expect(await boundaryOf(role)).toBe(boundary);
  for (const [what, tags] of Object.entries(await tagsThere()))
    expect(tags, what).toMatchObject({ team: 'security', 'portcullis:managed': 'true' });
  expect((await operate(engine, 'preview', stackWith('hub', given))).changes).toEqual([]);

  const changed = { tags: { owner: 'platform' } };
  await operate(engine, 'up', stackWith('hub', changed));
  for (const [what, tags] of Object.entries(await tagsThere())) {
    expect(tags, what).toMatchObject({ owner: 'platform', 'portcullis:managed': 'true' });
    expect(tags, what).not.toHaveProperty('team');
  }
  expect(await boundaryOf(names.lambdaRole)).toBeUndefined();
});
