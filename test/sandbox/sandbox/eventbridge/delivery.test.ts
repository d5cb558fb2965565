import { describe, expect, test } from 'vitest';
import * as path from './path.ts';
import { letter, open, summary, useDeliveryPath } from './stage.ts';

const stage = useDeliveryPath();

/** Expects that the forward is refused for a reason, and the event is in the member's dead-letter queue with it. */
async function expectForwardRefused(reason: string): Promise<void> {
  expect(summary(await open(stage))).toEqual([{ target: path.orgBus, outcome: 'dead-lettered', reason }]);
  expect(await letter(stage, path.memberDead)).toEqual({
    RULE_ARN: path.memberRule,
    TARGET_ARN: path.orgBus,
    ERROR_CODE: 'NO_PERMISSIONS',
    ERROR_MESSAGE: reason,
  });
}

describe('with every permission given', () => {
  test('an event reaches the function and the queue in the hub, with its own account and Region', async () => {
    const entries = await open(stage);
    expect(summary(entries)).toEqual([
      { target: path.orgBus, outcome: 'delivered', reason: undefined },
      { target: path.actor, outcome: 'delivered', reason: undefined },
      { target: path.inbox, outcome: 'delivered', reason: undefined },
    ]);
    const [message] = await stage.way.drain(path.inbox);
    const event = JSON.parse(message?.Body ?? '');
    expect(event).toMatchObject({
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.ec2',
      account: path.member,
      region: path.memberRegion,
      detail: { eventName: 'AuthorizeSecurityGroupIngress', requestParameters: { groupId: stage.group } },
    });
    expect(await stage.way.invocations()).toContain(event.id);
    expect(new Set(entries.map((entry) => entry.eventId))).toEqual(new Set([event.id]));
  });
});

describe('without one permission', () => {
  test('a pattern that does not match leaves the event where it is', async () => {
    await stage.way.give.memberRule({ source: ['aws.s3'] });
    expect(await open(stage)).toEqual([]);
    await stage.way.give.memberRule();
  });

  test('a disabled rule matches nothing', async () => {
    await stage.way.give.memberRule(path.pattern, 'DISABLED');
    expect(await open(stage)).toEqual([]);
    await stage.way.give.memberRule();
  });

  test('a target on a bus of another account is refused without a role', async () => {
    await expect(stage.way.give.memberTarget({})).rejects.toThrow('RoleArn is required');
  });

  test("a role that does not trust EventBridge for the rule's account is refused", async () => {
    await stage.way.give.trust('300000000001');
    await expectForwardRefused(
      `the trust policy of ${path.forwarder} does not allow sts:AssumeRole to events.amazonaws.com for ${path.memberRule}`,
    );
    await stage.way.give.trust();
  });

  test('a role whose policy does not allow the bus is refused', async () => {
    await stage.way.take.rolePolicy();
    await expectForwardRefused(
      `the policies of ${path.forwarder} do not allow events:PutEvents on ${path.orgBus}`,
    );
    await stage.way.give.rolePolicy();
  });

  test('a bus policy that admits another organization is a refusal', async () => {
    await stage.way.give.busPolicy('o-another0000');
    await expectForwardRefused(
      `the bus policy of ${path.orgBus} does not allow events:PutEvents to ${path.forwarder}`,
    );
    await stage.way.give.busPolicy();
  });

  test("a function whose policy does not name the rule is not invoked, and the event goes to its target's dead-letter queue", async () => {
    await stage.way.take.invoke();
    const reason = `the resource policy of ${path.actor} does not allow lambda:InvokeFunction to events.amazonaws.com for ${path.hubRule}`;
    const entries = await open(stage);
    expect(summary(entries)).toContainEqual({ target: path.actor, outcome: 'dead-lettered', reason });
    expect(await letter(stage, path.hubDead)).toMatchObject({
      TARGET_ARN: path.actor,
      ERROR_MESSAGE: reason,
    });
    expect(await stage.way.invocations()).not.toContain(entries[0]?.eventId);
    await stage.way.give.invoke();
  });

  test('a queue whose policy names another rule gets nothing', async () => {
    await stage.way.give.queuePolicy(path.inbox, path.memberRule);
    const reason = `the resource policy of ${path.inbox} does not allow sqs:SendMessage to events.amazonaws.com for ${path.hubRule}`;
    expect(summary(await open(stage))).toContainEqual({
      target: path.inbox,
      outcome: 'dead-lettered',
      reason,
    });
    expect(await letter(stage, path.hubDead)).toMatchObject({
      TARGET_ARN: path.inbox,
      ERROR_CODE: 'NO_PERMISSIONS',
    });
    expect(await stage.way.drain(path.inbox)).toEqual([]);
    await stage.way.give.queuePolicy(path.inbox);
  });

  test('a dead-letter queue that refuses loses the event, and the journal says both reasons', async () => {
    await stage.way.give.queuePolicy(path.memberDead, path.hubRule);
    await stage.way.take.rolePolicy();
    const [entry] = await open(stage);
    expect(entry?.outcome).toBe('failed');
    expect(entry?.reason).toMatch(/^the policies of .*forwarder do not allow events:PutEvents/);
    expect(entry?.reason).toMatch(
      /not dead-lettered: the resource policy of .*:dead does not allow sqs:SendMessage/,
    );
    expect(await stage.way.drain(path.memberDead)).toEqual([]);
    await stage.way.give.rolePolicy();
    await stage.way.give.queuePolicy(path.memberDead);
  });
});
