import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { EC2 } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import * as path from './path.ts';
import { letter, open, summary, useDeliveryPath } from './stage.ts';

const stage = useDeliveryPath();

test('PutEvents delivers under the id that it returned, and refuses the sources of AWS', async () => {
  const rule = { Name: 'act', EventBusName: 'org' };
  const entry = { EventBusName: 'org', DetailType: 'test', Detail: '{"a":1}' };
  await stage.way.bridge.hub.putRule({ ...rule, EventPattern: '{"detail-type":["test"]}' });
  const { Entries } = await stage.way.bridge.hub.putEvents({
    Entries: [
      { ...entry, Source: 'aws.ec2' },
      { ...entry, Source: 'ours' },
    ],
  });
  await stage.sandbox.idle();
  await stage.way.bridge.hub.putRule({ ...rule, EventPattern: JSON.stringify(path.pattern) });
  expect(Entries?.[0]?.ErrorCode).toBe('NotAuthorizedForSourceException');
  const messages = await stage.way.drain(path.inbox);
  expect(messages.map(({ Body }) => JSON.parse(Body ?? ''))).toEqual([
    expect.objectContaining({
      id: Entries?.[1]?.EventId,
      source: 'ours',
      account: path.hub,
      region: path.hubRegion,
      detail: { a: 1 },
    }),
  ]);
});

describe('without a trail', () => {
  test('a member that the organization trail does not reach has no event', async () => {
    const client = new EC2(
      stage.sandbox.root(stage.sandbox.organization.untrailedAccountId, path.memberRegion),
    );
    const { GroupId } = await client.createSecurityGroup({ GroupName: 'a', Description: 'a' });
    await stage.sandbox.idle();
    const entries = await open(stage, GroupId, client);
    expect(entries.map(({ outcome, rule }) => ({ outcome, rule }))).toEqual([
      { outcome: 'not-covered', rule: '' },
    ]);
    expect(entries[0]?.reason).toContain(
      'does not reach 300000000006: no role AWSServiceRoleForCloudTrail there',
    );
  });

  test('a trail that has stopped logging covers nothing until it logs again', async () => {
    const trail = new CloudTrail(
      stage.sandbox.root(stage.sandbox.organization.managementAccountId, 'us-east-1'),
    );
    await trail.stopLogging({ Name: 'organization' });
    const entries = await open(stage);
    await trail.startLogging({ Name: 'organization' });
    expect(entries).toMatchObject([
      { outcome: 'not-covered', reason: expect.stringMatching(/is not logging$/) },
    ]);
    expect(await open(stage)).toHaveLength(3);
  });
});

test('an event from another bus is not sent on to a further one', async () => {
  const further = path.orgBus.replace('/org', '/further');
  const role = `arn:aws:iam::${path.hub}:role/actor`;
  await stage.way.bridge.hub.createEventBus({ Name: 'further' });
  await stage.way.bridge.hub.putRule({
    Name: 'all',
    EventBusName: 'further',
    EventPattern: JSON.stringify(path.pattern),
  });
  await stage.way.bridge.hub.putTargets({
    Rule: 'all',
    EventBusName: 'further',
    Targets: [{ Id: 'inbox', Arn: path.inbox }],
  });
  await stage.way.give.hubTargets({
    Id: 'further',
    Arn: further,
    RoleArn: role,
    DeadLetterConfig: { Arn: path.hubDead },
  });
  const entries = await open(stage);
  await stage.way.bridge.hub.removeTargets({ Rule: 'act', EventBusName: 'org', Ids: ['further'] });
  expect(summary(entries)).toContainEqual({
    target: further,
    outcome: 'dead-lettered',
    reason: `an event from another event bus is not sent on to ${further}`,
  });
  expect(entries.filter(({ rule }) => rule.includes('further/all'))).toEqual([]);
  expect(await letter(stage, path.hubDead)).toMatchObject({ ERROR_CODE: 'THIRD_ACCOUNT_HOP_DETECTED' });
});

describe('a function that fails', () => {
  test('is tried again as configured, and then its on-failure destination has the record', async () => {
    const entries = await open(stage, stage.poison);
    const eventId = entries[0]?.eventId;
    expect((await stage.way.invocations()).filter((id) => id === eventId)).toHaveLength(2);
    const [message] = await stage.way.drain(path.hubDead);
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
    await stage.way.take.actorPolicy();
    const entries = await open(stage, stage.poison);
    await stage.way.give.actorPolicy();
    expect(summary(entries)).toContainEqual({
      target: path.actor,
      outcome: 'failed',
      reason: expect.stringMatching(
        /not dead-lettered: the policies of .*role\/actor do not allow sqs:SendMessage/,
      ),
    });
    expect(await stage.way.drain(path.hubDead)).toEqual([]);
  });
});
