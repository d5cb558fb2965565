import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../worlds/lambda.ts';

const ssh = fixture('authorize-nested');
const [one, two, three] = ['sgr-00000000000000001', 'sgr-00000000000000002', 'sgr-00000000000000003'];

describe('an open group', () => {
  it('is closed, read again, posted to Slack and published on the bus', async () => {
    const world = createWorld();
    await world.handler(ssh);
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
    const world = createWorld({ mode, cap });
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome, findings: [{ action }], timeline: { revokedAt: null } },
    ]);
    expect(world.slack.posts).toHaveLength(outcome === 'notified' ? 1 : 0);
  });

  it('loses exactly the offending rule of several', async () => {
    const world = createWorld();
    const https = openRule(1, { FromPort: 443, ToPort: 443 });
    const egress = openRule(4, { IsEgress: true, IpProtocol: '-1' });
    world.groups.set(groupId, [
      https,
      openRule(2, { CidrIpv4: '10.0.0.0/8' }),
      openRule(3, { FromPort: 3389, ToPort: 3389 }),
      egress,
    ]);
    await world.handler(fixture('authorize-mixed'));
    expect(world.ruleIds()).toEqual([one, two, egress.SecurityGroupRuleId]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: three }] }]);
  });

  it('is judged over all of its pages', async () => {
    const world = createWorld();
    world.pageSize = 2;
    world.groups.set(
      groupId,
      [1, 2, 3, 4].map((id) => openRule(id, { FromPort: 443, ToPort: 443 })).concat(openRule(5)),
    );
    await world.handler(ssh);
    expect(world.ruleIds()).toHaveLength(4);
  });

  it('named by name alone is found, in every VPC that has the name', async () => {
    const world = createWorld();
    const other = 'sg-0a1b2c3d4e5f60002';
    world.groups.set(other, [openRule(2, { GroupId: other })]);
    world.names.set(other, 'web');
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect([...world.groups.values()]).toEqual([[], []]);
    expect(world.published.map((result) => result.groupId)).toEqual([groupId, other]);
  });

  it('keeps what is undecided, and the result lists it', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2, { CidrIpv4: undefined, PrefixListId: 'pl-1' })]);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([two]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', undecided: [{ ruleId: two }] }]);
  });
});

describe('nothing is touched', () => {
  it.each([
    ['a clean group', 'clean', 'authorize-nested', { FromPort: 443, ToPort: 443 }],
    ['ICMP', 'clean', 'authorize-icmp', { IpProtocol: 'icmp', FromPort: 8, ToPort: -1 }],
    [
      'a prefix list as source',
      'undecided',
      'authorize-prefix-list',
      { CidrIpv4: undefined, PrefixListId: 'pl-1' },
    ],
    [
      'a group as source',
      'clean',
      'authorize-source-group',
      { CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: 'sg-2' } },
    ],
    ['a rule with two sources', 'undecided', 'authorize-nested', { CidrIpv6: '::/0' }],
    ['an edited prefix list that no group uses', 'clean', 'prefix-list-edited', {}],
    ['a dry run', 'ignored', 'authorize-dry-run', {}],
    [
      'a call of our own that left nothing open',
      'ignored',
      'authorize-by-own-role',
      { FromPort: 443, ToPort: 443 },
    ],
    ['a revoke', 'ignored', 'revoke-ingress', {}],
  ])('by %s: %s', async (_, outcome, name, change) => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, change)]);
    await world.handler(fixture(name));
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([{ outcome, findings: [] }]);
    expect(world.slack.posts).toHaveLength(outcome === 'undecided' ? 1 : 0);
  });

  it('by an event without sense, which is reported', async () => {
    const world = createWorld();
    await world.handler({ id: 'x', account: 'y' });
    expect(world.published).toMatchObject([{ eventId: 'x', outcome: 'undecided', account: 'y' }]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('by a group that does not exist', async () => {
    const world = createWorld();
    world.groups.clear();
    await world.handler(ssh);
    await world.handler(fixture('authorize-by-name-without-rule-set'));
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['group-gone', 'group-gone']);
  });

  it('by a rule that does not exist', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(2, { FromPort: 443, ToPort: 443 })]);
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [] }]);
  });
});

describe('a failed duplicate', () => {
  it('is inspected, because the rule is already open', async () => {
    const world = createWorld();
    await world.handler(fixture('authorize-duplicate'));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('a race', () => {
  it('with a rule that appears a moment late is won by a second look', async () => {
    const world = createWorld();
    world.groups.set(groupId, []);
    let looks = 0;
    world.before.set('describeRules', () => {
      looks += 1;
      if (looks === 2) world.groups.set(groupId, [openRule(1)]);
    });
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
    expect(world.ruleIds()).toEqual([]);
  });

  it('with another hand that removes a rule first still closes the others', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2)]);
    world.before.set('revokeIngress', () => {
      world.before.clear();
      world.groups.set(groupId, [openRule(2)]);
    });
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings.map(({ action }) => action)).toEqual(['already-gone', 'revoked']);
  });

  it('lost altogether is "rule-gone", not an error', async () => {
    const world = createWorld();
    world.before.set('revokeIngress', () => world.groups.set(groupId, []));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'rule-gone', findings: [{ action: 'already-gone' }] }]);
  });

  it('with the group deleted under the revoke is "group-gone"', async () => {
    const world = createWorld();
    world.fail('revokeIngress', awsError('InvalidGroup.NotFound'));
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'group-gone' }]);
  });
});

describe('a replay', () => {
  it('changes nothing', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1), openRule(2, { FromPort: 443, ToPort: 443 })]);
    await world.handler(ssh);
    const after = world.ruleIds();
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual(after);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'rule-gone']);
    expect(world.slack.posts).toHaveLength(1);
  });

  it('at the same moment closes the group once', async () => {
    const world = createWorld();
    await Promise.all([world.handler(ssh), world.handler(ssh), world.handler(ssh)]);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.filter(({ outcome }) => outcome === 'remediated')).toHaveLength(1);
  });
});
