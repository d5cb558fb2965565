import { describe, expect, it } from 'vitest';
import {
  afterEvent,
  awsError,
  createWorld,
  fixture,
  groupId,
  listRule,
  openRule,
  otherGroupId,
  ssh,
} from '../../worlds/lambda.ts';

const https = (id: number) => openRule(id, { FromPort: 443, ToPort: 443 });
const [one, two, three] = ['sgr-00000000000000001', 'sgr-00000000000000002', 'sgr-00000000000000003'];

describe('an open group', () => {
  it('is closed, read again, posted to Slack and published on the bus', async () => {
    const world = await afterEvent(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      {
        eventId: ssh.id,
        account: '300000000001',
        region: 'eu-west-1',
        groupId,
        groupName: 'web',
        vpcId: 'vpc-1',
        outcome: 'remediated',
        mode: 'revoke',
        eventName: 'AuthorizeSecurityGroupIngress',
        findings: [
          { ruleId: one, source: '0.0.0.0/0', fromPort: 22, policyRule: 'world-open', action: 'revoked' },
        ],
        notification: { slack: { status: 'sent' } },
        timeline: {
          eventTime: '2026-03-02T09:15:01Z',
          receivedAt: '2026-03-02T09:15:10.000Z',
          revokedAt: '2026-03-02T09:15:10.000Z',
        },
      },
    ]);
    expect(world.slack.posts[0]).toContain(one);
  });

  it.each([
    ['observe', '', 'observed', 'observed'],
    ['notify', '', 'notified', 'notified'],
    ['revoke', 'observe', 'observed', 'would-revoke'],
    ['revoke', 'notify', 'notified', 'would-revoke'],
    ['notify', 'observe', 'observed', 'observed'],
  ])('stays as it is under a rule in mode %s with cap "%s": %s', async (mode, cap, outcome, action) => {
    const world = await afterEvent(ssh, { mode, cap });
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome, findings: [{ action }], timeline: { revokedAt: null } },
    ]);
    expect(world.slack.posts).toHaveLength(outcome === 'notified' ? 1 : 0);
  });

  it('loses exactly the offending rule of several', async () => {
    const rules = [
      https(1),
      openRule(2, { CidrIpv4: '10.0.0.0/8' }),
      openRule(3, { FromPort: 3389, ToPort: 3389 }),
      openRule(4, { IsEgress: true, IpProtocol: '-1' }),
    ];
    const world = await afterEvent(fixture('authorize-mixed'), { rules });
    expect(world.ruleIds()).toEqual([one, two, 'sgr-00000000000000004']);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: three }] }]);
  });

  it('is evaluated over all of its pages', async () => {
    const world = createWorld({ rules: [https(1), https(2), https(3), https(4), openRule(5)] });
    world.pageSize = 2;
    await world.handler(ssh);
    expect(world.ruleIds()).toHaveLength(4);
  });

  it('named by name alone is found, in every VPC that has the name', async () => {
    const world = createWorld();
    world.addGroup(otherGroupId, [openRule(2)]);
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect([...world.groups.values()]).toEqual([[], []]);
    expect(world.published.map((result) => result.groupId)).toEqual([groupId, otherGroupId]);
  });

  it('keeps what is undecided, and the result lists it', async () => {
    const world = await afterEvent(ssh, { rules: [openRule(1), listRule(2)] });
    expect(world.ruleIds()).toEqual([two]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', undecided: [{ ruleId: two }] }]);
  });
});

describe('a group is left as it is', () => {
  const icmp = openRule(1, { IpProtocol: 'icmp', FromPort: 8, ToPort: -1 });
  const peer = openRule(1, { CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: 'sg-2' } });

  it.each([
    ['a clean group', 'clean', 'authorize-nested', https(1)],
    ['ICMP', 'clean', 'authorize-icmp', icmp],
    ['an unreadable prefix list as source', 'undecided', 'authorize-prefix-list', listRule(1)],
    ['a group as source', 'clean', 'authorize-source-group', peer],
    ['a rule with two sources', 'undecided', 'authorize-nested', openRule(1, { CidrIpv6: '::/0' })],
    ['a dry run', 'ignored', 'authorize-dry-run', openRule(1)],
    ['a call of the remediation role that left nothing open', 'ignored', 'authorize-by-own-role', https(1)],
    ['a revoke', 'ignored', 'revoke-ingress', openRule(1)],
  ])('by %s: %s', async (_, outcome, name, rule) => {
    const world = await afterEvent(fixture(name), { rules: [rule] });
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([{ outcome, findings: [] }]);
    expect(world.slack.posts).toHaveLength(outcome === 'undecided' ? 1 : 0);
  });

  it('by an unreadable event, which is reported', async () => {
    const world = await afterEvent({ id: 'x', account: 'y' });
    expect(world.published).toMatchObject([{ eventId: 'x', outcome: 'undecided', account: 'y' }]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('by a group that does not exist', async () => {
    const world = createWorld();
    world.groups.clear();
    await world.handler(ssh);
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(world.outcomes()).toEqual(['group-gone', 'group-gone']);
  });

  it('by a rule that does not exist', async () => {
    const world = await afterEvent(ssh, { rules: [https(2)] });
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [] }]);
  });
});

it('a call that failed as a duplicate is inspected, because the rule is already open', async () => {
  const world = await afterEvent(fixture('authorize-duplicate'));
  expect(world.ruleIds()).toEqual([]);
});

describe('a race', () => {
  it('with another caller that removes a rule first closes the other rules', async () => {
    const world = createWorld({ rules: [openRule(1), openRule(2)] });
    world.before.set('revokeIngress', () => {
      world.before.clear();
      world.groups.set(groupId, [openRule(2)]);
    });
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings.map(({ action }) => action)).toEqual(['already-gone', 'revoked']);
  });

  it('with another caller that removes every rule first is "rule-gone", not an error', async () => {
    const world = createWorld();
    world.before.set('revokeIngress', () => world.groups.set(groupId, []));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [{ action: 'already-gone' }] }]);
  });

  it('with the deletion of the group is "group-gone"', async () => {
    const world = createWorld();
    world.fail('revokeIngress', awsError('InvalidGroup.NotFound'));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'group-gone' }]);
  });
});

describe('a replay', () => {
  it('changes nothing', async () => {
    const world = await afterEvent(ssh, { rules: [openRule(1), https(2)] });
    const after = world.ruleIds();
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual(after);
    expect(world.outcomes()).toEqual(['remediated', 'rule-gone']);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('at the same moment closes the group once', async () => {
    const world = createWorld();
    await Promise.all([world.handler(ssh), world.handler(ssh), world.handler(ssh)]);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.filter(({ outcome }) => outcome === 'remediated')).toHaveLength(1);
  });
});
