import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOpen, makeGroup, openGroup, removeGroups, vpcFor } from '../../../../controlplane/verify/group.ts';
import { announce, sendSynthetic } from '../../../../controlplane/verify/synthetic.ts';
import { canaryTag } from '../../../../lambda/contract/canary.ts';
import { names } from '../../../../programs/names.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { hub, limitedRole } from '../../../worlds/least-privilege.ts';
import { verifyPolicy } from './stage.ts';

type Statement = Parameters<typeof limitedRole>[2];
const statements = verifyPolicy.Statement as (Statement & { Sid: string })[];
const cell = { accountId: hub.accountId, region: hub.region };

let sandbox: Sandbox;
/** A foreign group with a rule in it. */
let strange = '';
beforeAll(async () => {
  sandbox = await startSandbox();
  const root = sandbox.root(hub.accountId, hub.region);
  await new DynamoDBClient(root).send(
    new CreateTableCommand({
      TableName: names.table,
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const made = { GroupName: 'strange', Description: 'test' };
  strange = (await new EC2Client(root).send(new CreateSecurityGroupCommand(made))).GroupId ?? '';
});
afterAll(() => sandbox?.stop());

/** The clients of a session that may do what the policy says, less one statement. */
async function clients(lacking?: string) {
  const permitted = statements.filter(({ Sid }) => Sid !== lacking);
  const as = await limitedRole(sandbox, cell, ...permitted);
  const [ec2, events, dynamodb] = [new EC2Client(as), new EventBridgeClient(as), new DynamoDBClient(as)];
  const aws = { eventBridge: async () => events, dynamodb: async () => dynamodb } as never;
  const store = { now: async () => new Date() };
  return { ec2, events, dynamodb, parts: { store, aws, settings: { hub, verifyWaitMinutes: 1 } as never } };
}

/** The action that a refusal names; any other failure is thrown on. */
async function refusal(call: () => Promise<unknown>): Promise<string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    const action = /not authorized to perform: ([a-z0-9]+:\w+)/.exec((error as Error).message)?.[1];
    if (!action) throw error;
    return [action];
  }
}

/** The actions refused while a canary of each kind is sent, as verify does it. */
async function refusals(lacking?: string): Promise<string[]> {
  const { ec2, parts } = await clients(lacking);
  const id = crypto.randomUUID();
  const root = new EC2Client(sandbox.root(cell.accountId, cell.region));
  const vpc = (await vpcFor(root, cell.accountId)) ?? '';
  const refused = await refusal(() => vpcFor(ec2, cell.accountId));
  refused.push(...(await refusal(() => makeGroup(ec2, id, vpc))));
  const group = refused.some((each) => /Create/.test(each))
    ? await makeGroup(root, crypto.randomUUID(), vpc)
    : undefined;
  const { SecurityGroups } = await root.send(
    new DescribeSecurityGroupsCommand({
      Filters: [{ Name: `tag:${canaryTag}`, Values: [id] }],
    }),
  );
  const GroupId = group ?? SecurityGroups?.[0]?.GroupId ?? '';
  refused.push(...(await refusal(() => openGroup(ec2, GroupId))));
  refused.push(...(await refusal(() => isOpen(ec2, GroupId))));
  refused.push(...(await refusal(() => announce(parts, cell, GroupId, id))));
  refused.push(...(await refusal(() => sendSynthetic(parts, cell, id))));
  refused.push(
    ...(await refusal(async () => {
      const { left } = await removeGroups(ec2, [id]);
      if (left[0]) throw new Error(left[0]);
    })),
  );
  await removeGroups(root, [id]);
  return [...new Set(refused)].sort();
}

describe('docs/verify-policy.json', () => {
  it('permits all that a canary takes', async () => {
    expect(await refusals()).toEqual([]);
  });

  it.each(statements.map(({ Sid }) => Sid))(
    'without %s refuses what that permits, and only that',
    async (sid) => {
      const refused = await refusals(sid);
      expect(refused).not.toEqual([]);
      const permitted = statements.filter(({ Sid }) => Sid === sid).flatMap(({ Action }) => Action);
      expect(permitted).toEqual(expect.arrayContaining(refused));
    },
  );

  const open = [{ IpProtocol: 'tcp', FromPort: 9, ToPort: 9, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
  const item = (key: string) => ({
    TableName: names.table,
    Item: { key: { S: key }, text: { S: '{}' } },
  });
  const event = (Source: string) => ({ Entries: [{ Source, DetailType: 'test', Detail: '{}' }] });
  type As = Awaited<ReturnType<typeof clients>>;
  const more: [string, (as: As) => Promise<unknown>][] = [
    [
      'a group without the tag',
      ({ ec2 }) => ec2.send(new CreateSecurityGroupCommand({ GroupName: 'x', Description: 'x' })),
    ],
    [
      'the tag on a group that is there',
      ({ ec2 }) =>
        ec2.send(new CreateTagsCommand({ Resources: [strange], Tags: [{ Key: canaryTag, Value: 'x' }] })),
    ],
    [
      'ingress into another group',
      ({ ec2 }) =>
        ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: strange, IpPermissions: open })),
    ],
    ['the end of another group', ({ ec2 }) => ec2.send(new DeleteSecurityGroupCommand({ GroupId: strange }))],
    [
      'a revoke',
      ({ ec2 }) => ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: strange, IpPermissions: open })),
    ],
    ['an event of another source', ({ events }) => events.send(new PutEventsCommand(event('portcullis')))],
    ['another entry of the ledger', ({ dynamodb }) => dynamodb.send(new PutItemCommand(item('exceptions')))],
    [
      'a look into the ledger',
      ({ dynamodb }) =>
        dynamodb.send(new GetItemCommand({ TableName: names.table, Key: { key: { S: 'canary/x' } } })),
    ],
  ];
  it.each(more)('does not permit %s', async (_, call) => {
    const as = await clients();
    expect(await refusal(() => call(as))).toHaveLength(1);
  });

  it('fits into a managed policy, which holds 6,144 characters', () => {
    expect(JSON.stringify(verifyPolicy).length).toBeLessThanOrEqual(6144);
  });
});
