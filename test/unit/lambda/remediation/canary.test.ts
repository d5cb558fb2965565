import { describe, expect, test } from 'vitest';
import { canaryEntry, canaryName, canaryPort, canaryTag } from '../../../../lambda/contract/canary.ts';
import { awsError, createWorld, groupId, openRule, ssh } from '../../../worlds/lambda.ts';

const id = '0a7c1f0e-5a0b-4e53-9d1e-6f6f6f6f6f6f';
const cell = { account: '300000000001', region: 'eu-west-1' };
const opened = { FromPort: canaryPort, ToPort: canaryPort };
/** A policy with which the canary's rule would stay: only notified, and that port is excepted for every source. */
const lenient = { mode: 'notify', cap: 'observe' };
const revoking = { mode: 'revoke', cap: '' };

interface Stage {
  named?: string;
  tagged?: string;
  /** Of which group, where and until when the ledger knows the canary. */
  known?: { of?: string; region?: string; minutes?: number } | false;
}

async function stage({ named = canaryName + id, tagged = id, known = {} }: Stage = {}, settings = lenient) {
  const world = createWorld({
    ...{ ...settings, topicArn: 'arn:aws:sns:eu-west-1:1:t', securityHub: true },
    rules: [openRule(1, opened)],
    tags: [{ Key: canaryTag, Value: tagged }],
  });
  world.names.set(groupId, named);
  if (known === false) return world;
  const { of = groupId, region = cell.region, minutes = 60 } = known;
  const until = new Date(world.time + minutes * 60_000);
  const { key, text } = canaryEntry({ ...cell, region }, of, id, until);
  await world.ledger.write(key, text, new Date(world.time + 86_400_000));
  return world;
}

describe('the group of a canary', () => {
  test('is closed although the policy only observes, and no one is notified', async () => {
    const world = await stage();
    const [result] = await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(result).toMatchObject({ canary: id, outcome: 'remediated' });
    expect(result?.findings).toMatchObject([{ policyRule: 'portcullis-canary', action: 'revoked' }]);
    expect(world.published).toMatchObject([{ canary: id, outcome: 'remediated' }]);
    expect([world.slack.posts, world.topic, world.findings]).toEqual([[], [], []]);
  });

  test('keeps every other rule that the policy leaves open', async () => {
    const world = await stage();
    world.groups.set(groupId, [openRule(1, opened), openRule(2)]);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual(['sgr-00000000000000002']);
  });

  test('with other violations is notified as any other group', async () => {
    const world = await stage({}, revoking);
    world.groups.set(groupId, [openRule(1, opened), openRule(2)]);
    const [result] = await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(result).toMatchObject({
      canary: id,
      outcome: 'remediated',
      notification: { slack: { status: 'sent' } },
    });
    expect(world.slack.posts).toHaveLength(1);
  });

  test('is closed as often as it is opened: no escalation leaves it open', async () => {
    const world = await stage();
    for (let turn = 1; turn <= 7; turn += 1) {
      await world.reopen(turn, [openRule(turn, opened)]);
      expect(world.ruleIds()).toEqual([]);
    }
  });

  test('reports in full by the retry of an attempt that ended between revoke and report', async () => {
    const world = await stage();
    world.fail('putEvent', awsError('InternalFailure', 500), 1);
    await expect(world.handler(ssh)).rejects.toThrow();
    const [result] = await world.handler(ssh);
    expect(result).toMatchObject({ canary: id, findings: [{ action: 'revoked' }] });
  });
});

const strangers: [string, Stage][] = [
  ['that the ledger does not know', { known: false }],
  ['that was known for a time that is over', { known: { minutes: -1 } }],
  ['of another group', { known: { of: 'sg-0a1b2c3d4e5f60002' } }],
  ['of another Region', { known: { region: 'us-east-1' } }],
  ['by its tag, with another name', { named: 'web' }],
  ['by its name, with another tag', { tagged: 'another' }],
];

describe('a group that looks like a canary', () => {
  test.each(strangers)('%s is left open where the policy leaves it', async (_, how) => {
    const world = await stage(how);
    const [result] = await world.handler(ssh);
    expect(world.ruleIds()).toEqual(['sgr-00000000000000001']);
    expect(result?.outcome).toBe('observed');
    expect(result).not.toHaveProperty('canary');
  });

  test.each(strangers)('%s is closed when the policy closes it, and people are notified', async (_, how) => {
    const world = await stage(how, revoking);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.slack.posts).toHaveLength(1);
    expect(world.published[0]).not.toHaveProperty('canary');
  });

  test('is evaluated by the policy while the ledger does not answer, and the event is retried', async () => {
    const world = await stage({}, revoking);
    world.ledger.fail = new Error('no answer');
    await expect(world.handler(ssh)).rejects.toThrow();
    expect(world.ruleIds()).toEqual([]);
  });
});

const synthetic = (change: object = {}) => ({
  ...{ version: '0', id: 'event-1', source: 'portcullis.canary', ...cell },
  'detail-type': 'AWS API Call via CloudTrail',
  detail: { eventSource: 'ec2.amazonaws.com', eventName: 'AuthorizeSecurityGroupIngress', canary: id },
  ...change,
});

describe('a synthetic canary', () => {
  test('is answered after a reading with the remediation role, and nothing is closed', async () => {
    const world = await stage({ known: { of: id } }, revoking);
    expect(await world.handler(synthetic())).toMatchObject([{ canary: id, outcome: 'clean', groupId: null }]);
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.sessions.map(({ roleArn }) => roleArn)).toEqual([
      `arn:aws:iam::${cell.account}:role/portcullis-remediation`,
    ]);
    expect([world.slack.posts, world.topic]).toEqual([[], []]);
  });

  test.each([
    ['that the ledger does not know', { known: false } as Stage, {}],
    ['from another account', { known: { of: id } }, { account: '300000000002' }],
    ['whose time is over', { known: { of: id, minutes: -1 } }, {}],
  ])('%s causes no inspection and no result', async (_, how, change) => {
    const world = await stage(how);
    expect(await world.handler(synthetic(change))).toEqual([]);
    expect([world.sessions, world.published]).toEqual([[], []]);
  });

  test('is access-denied when the role is refused, and no one else is notified', async () => {
    const world = await stage({ known: { of: id } });
    world.fail('assumeRole', awsError('AccessDenied'));
    await expect(world.handler(synthetic())).rejects.toThrow(/^access-denied/);
    expect(world.published).toMatchObject([{ canary: id, outcome: 'access-denied' }]);
    expect(world.slack.posts).toEqual([]);
  });
});
