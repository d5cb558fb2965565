import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudTrailClient, StartLoggingCommand, StopLoggingCommand } from '@aws-sdk/client-cloudtrail';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateEventBusCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Delivery, type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import * as path from './delivery-path.ts';

let sandbox: Sandbox;
let way: ReturnType<typeof path.deliveryPath>;
let directory: string;
let ec2: EC2Client;
let group: string;
let poison: string;
let port = 1000;

beforeAll(async () => {
  sandbox = await startSandbox({ retryDelay: 10 });
  directory = await mkdtemp(join(tmpdir(), 'portcullis-delivery-'));
  way = path.deliveryPath(sandbox, join(directory, 'invocations'));
  ec2 = new EC2Client(sandbox.root(path.member, path.memberRegion));
  const create = async (GroupName: string): Promise<string> =>
    (await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'test' }))).GroupId ?? '';
  [group, poison] = [await create('good'), await create('poison')];
  await way.build(poison);
});

afterAll(async () => {
  await sandbox?.stop();
  if (directory) await rm(directory, { recursive: true });
});

beforeEach(async () => {
  await sandbox.idle();
  for (const queue of [path.inbox, path.hubDead, path.memberDead]) await way.drain(queue);
});

/** Opens a port, waits until its event is done with, and returns what the journal says of it. */
async function open(GroupId = group, client = ec2): Promise<Delivery[]> {
  const before = sandbox.deliveries().length;
  const rule = { IpProtocol: 'tcp', FromPort: ++port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }));
  await sandbox.idle();
  return sandbox.deliveries().slice(before);
}

const summary = (entries: Delivery[]) =>
  entries
    .map(({ target, outcome, reason }) => ({ target, outcome, reason }))
    .sort((a, b) => a.target.localeCompare(b.target));

async function letter(queue: string): Promise<Record<string, string | undefined>> {
  const messages = await way.drain(queue);
  expect(messages).toHaveLength(1);
  const attributes = messages[0]?.MessageAttributes ?? {};
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value.StringValue]));
}

/** Expects that the forward is refused for a reason, and the event is in the member's dead-letter queue with it. */
async function expectForwardRefused(reason: string): Promise<void> {
  expect(summary(await open())).toEqual([{ target: path.orgBus, outcome: 'dead-lettered', reason }]);
  expect(await letter(path.memberDead)).toEqual({
    RULE_ARN: path.memberRule,
    TARGET_ARN: path.orgBus,
    ERROR_CODE: 'NO_PERMISSIONS',
    ERROR_MESSAGE: reason,
  });
}

describe('with every permission given', () => {
  test('an event reaches the function and the queue in the hub, with its own account and Region', async () => {
    const entries = await open();
    expect(summary(entries)).toEqual([
      { target: path.orgBus, outcome: 'delivered', reason: undefined },
      { target: path.actor, outcome: 'delivered', reason: undefined },
      { target: path.inbox, outcome: 'delivered', reason: undefined },
    ]);
    const [message] = await way.drain(path.inbox);
    const event = JSON.parse(message?.Body ?? '');
    expect(event).toMatchObject({
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.ec2',
      account: path.member,
      region: path.memberRegion,
      detail: { eventName: 'AuthorizeSecurityGroupIngress', requestParameters: { groupId: group } },
    });
    expect(await way.invocations()).toContain(event.id);
    expect(new Set(entries.map((entry) => entry.eventId))).toEqual(new Set([event.id]));
  });

  test('PutEvents delivers under the id that it returned', async () => {
    const { Entries } = await way.bridge.hub.send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: 'org',
            Source: 'aws.ec2',
            DetailType: 'refused: the source is reserved',
            Detail: '{}',
          },
          {
            EventBusName: 'org',
            Source: 'ours',
            DetailType: path.pattern['detail-type'][0],
            Detail: '{"a":1}',
          },
        ],
      }),
    );
    expect(Entries?.[0]?.ErrorCode).toBe('NotAuthorizedForSourceException');
    await way.bridge.hub.send(
      new PutRuleCommand({ Name: 'act', EventBusName: 'org', EventPattern: '{"source":["ours"]}' }),
    );
    const sent = await way.bridge.hub.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: 'org', Source: 'ours', DetailType: 'test', Detail: '{"a":1}' }],
      }),
    );
    await sandbox.idle();
    await way.bridge.hub.send(
      new PutRuleCommand({ Name: 'act', EventBusName: 'org', EventPattern: JSON.stringify(path.pattern) }),
    );
    const messages = await way.drain(path.inbox);
    expect(messages.map(({ Body }) => JSON.parse(Body ?? ''))).toEqual([
      expect.objectContaining({
        id: sent.Entries?.[0]?.EventId,
        source: 'ours',
        account: path.hub,
        region: path.hubRegion,
        detail: { a: 1 },
      }),
    ]);
  });
});

describe('without one permission', () => {
  test('a pattern that does not match leaves the event where it is', async () => {
    await way.give.memberRule({ source: ['aws.s3'] });
    expect(await open()).toEqual([]);
    await way.give.memberRule();
  });

  test('a disabled rule matches nothing', async () => {
    await way.give.memberRule(path.pattern, 'DISABLED');
    expect(await open()).toEqual([]);
    await way.give.memberRule();
  });

  test('a target on a bus of another account is refused without a role', async () => {
    await expect(way.give.memberTarget({})).rejects.toThrow('RoleArn is required');
  });

  test("a role that does not trust EventBridge for the rule's account is refused", async () => {
    await way.give.trust('300000000001');
    await expectForwardRefused(
      `the trust policy of ${path.forwarder} does not allow sts:AssumeRole to events.amazonaws.com for ${path.memberRule}`,
    );
    await way.give.trust();
  });

  test('a role whose policy does not allow the bus is refused', async () => {
    await way.take.rolePolicy();
    await expectForwardRefused(
      `the policies of ${path.forwarder} do not allow events:PutEvents on ${path.orgBus}`,
    );
    await way.give.rolePolicy();
  });

  test('a bus policy that admits another organization is a refusal', async () => {
    await way.give.busPolicy('o-another0000');
    await expectForwardRefused(
      `the bus policy of ${path.orgBus} does not allow events:PutEvents to ${path.forwarder}`,
    );
    await way.give.busPolicy();
  });

  test("a function whose policy does not name the rule is not invoked, and the event goes to its target's dead-letter queue", async () => {
    await way.take.invoke();
    const reason = `the resource policy of ${path.actor} does not allow lambda:InvokeFunction to events.amazonaws.com for ${path.hubRule}`;
    const entries = await open();
    expect(summary(entries)).toContainEqual({ target: path.actor, outcome: 'dead-lettered', reason });
    expect(await letter(path.hubDead)).toMatchObject({ TARGET_ARN: path.actor, ERROR_MESSAGE: reason });
    expect(await way.invocations()).not.toContain(entries[0]?.eventId);
    await way.give.invoke();
  });

  test('a queue whose policy names another rule gets nothing', async () => {
    await way.give.queuePolicy(path.inbox, path.memberRule);
    const reason = `the resource policy of ${path.inbox} does not allow sqs:SendMessage to events.amazonaws.com for ${path.hubRule}`;
    expect(summary(await open())).toContainEqual({ target: path.inbox, outcome: 'dead-lettered', reason });
    expect(await letter(path.hubDead)).toMatchObject({
      TARGET_ARN: path.inbox,
      ERROR_CODE: 'NO_PERMISSIONS',
    });
    expect(await way.drain(path.inbox)).toEqual([]);
    await way.give.queuePolicy(path.inbox);
  });

  test('a dead-letter queue that refuses loses the event, and the journal says both reasons', async () => {
    await way.give.queuePolicy(path.memberDead, path.hubRule);
    await way.take.rolePolicy();
    const [entry] = await open();
    expect(entry?.outcome).toBe('failed');
    expect(entry?.reason).toMatch(/^the policies of .*forwarder do not allow events:PutEvents/);
    expect(entry?.reason).toMatch(
      /not dead-lettered: the resource policy of .*:dead does not allow sqs:SendMessage/,
    );
    expect(await way.drain(path.memberDead)).toEqual([]);
    await way.give.rolePolicy();
    await way.give.queuePolicy(path.memberDead);
  });
});

describe('without a trail', () => {
  test('a member that the organization trail does not reach has no event', async () => {
    const client = new EC2Client(sandbox.root(sandbox.organization.untrailedAccountId, path.memberRegion));
    const { GroupId } = await client.send(
      new CreateSecurityGroupCommand({ GroupName: 'a', Description: 'a' }),
    );
    await sandbox.idle();
    const entries = await open(GroupId, client);
    expect(entries.map(({ outcome, rule }) => ({ outcome, rule }))).toEqual([
      { outcome: 'not-covered', rule: '' },
    ]);
    expect(entries[0]?.reason).toContain(
      'does not reach 300000000006: no role AWSServiceRoleForCloudTrail there',
    );
  });

  test('a trail that has stopped logging covers nothing until it logs again', async () => {
    const trail = new CloudTrailClient(sandbox.root(sandbox.organization.managementAccountId, 'us-east-1'));
    await trail.send(new StopLoggingCommand({ Name: 'organization' }));
    const entries = await open();
    await trail.send(new StartLoggingCommand({ Name: 'organization' }));
    expect(entries).toMatchObject([
      { outcome: 'not-covered', reason: expect.stringMatching(/is not logging$/) },
    ]);
    expect(await open()).toHaveLength(3);
  });
});

test('an event from another bus is not sent on to a further one', async () => {
  const further = path.orgBus.replace('/org', '/further');
  const role = `arn:aws:iam::${path.hub}:role/actor`;
  await way.bridge.hub.send(new CreateEventBusCommand({ Name: 'further' }));
  await way.bridge.hub.send(
    new PutRuleCommand({ Name: 'all', EventBusName: 'further', EventPattern: JSON.stringify(path.pattern) }),
  );
  await way.bridge.hub.send(
    new PutTargetsCommand({
      Rule: 'all',
      EventBusName: 'further',
      Targets: [{ Id: 'inbox', Arn: path.inbox }],
    }),
  );
  await way.give.hubTargets({
    Id: 'further',
    Arn: further,
    RoleArn: role,
    DeadLetterConfig: { Arn: path.hubDead },
  });
  const entries = await open();
  await way.bridge.hub.send(new RemoveTargetsCommand({ Rule: 'act', EventBusName: 'org', Ids: ['further'] }));
  expect(summary(entries)).toContainEqual({
    target: further,
    outcome: 'dead-lettered',
    reason: `an event from another event bus is not sent on to ${further}`,
  });
  expect(entries.filter(({ rule }) => rule.includes('further/all'))).toEqual([]);
  expect(await letter(path.hubDead)).toMatchObject({ ERROR_CODE: 'THIRD_ACCOUNT_HOP_DETECTED' });
});

describe('a function that fails', () => {
  test('is tried again as configured, and then its on-failure destination has the record', async () => {
    const entries = await open(poison);
    const eventId = entries[0]?.eventId;
    expect((await way.invocations()).filter((id) => id === eventId)).toHaveLength(2);
    const [message] = await way.drain(path.hubDead);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      version: '1.0',
      requestContext: {
        functionArn: `${path.actor}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: 2,
      },
      requestPayload: { id: eventId },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'cannot act' },
    });
  });

  test('loses the event when its role may not send to the destination', async () => {
    await way.take.actorPolicy();
    const entries = await open(poison);
    await way.give.actorPolicy();
    expect(summary(entries)).toContainEqual({
      target: path.actor,
      outcome: 'failed',
      reason: expect.stringMatching(
        /not dead-lettered: the policies of .*role\/actor do not allow sqs:SendMessage/,
      ),
    });
    expect(await way.drain(path.hubDead)).toEqual([]);
  });
});
