import { describe, expect, it } from 'vitest';
import { createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const one = 'sgr-00000000000000001';
const edited = fixture('modify-wrapped-one');
const before = openRule(1, { CidrIpv4: '10.0.0.0/8' });
const tick = {
  ...{ id: 'tick-1', source: 'aws.events', 'detail-type': 'Scheduled Event' },
  ...{ account: '222222222222', region: 'eu-west-1', detail: {} },
};

/** EC2 shows what it had before until so many milliseconds have passed. */
function trailing(milliseconds: number) {
  const world = createWorld();
  const settled = world.time + milliseconds;
  world.before.set('describeRules', () =>
    world.groups.set(groupId, world.time < settled ? [before] : [openRule(1)]),
  );
  return world;
}

describe('a rule that an edit made wider', () => {
  it.each([1, 700, 4_900])('and that EC2 shows as it was for %i ms is closed', async (milliseconds) => {
    const world = trailing(milliseconds);
    const revoked = () => world.log.some((line) => line.includes('"step":"revoking"'));
    world.before.set('revokeIngress', () => world.before.clear());
    await world.handler(edited);
    expect(revoked()).toBe(true);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: one }] }]);
    expect(world.published[0]?.disagreements).toBeUndefined();
  });

  it('and that EC2 shows later is closed by the schedule a minute later', async () => {
    const world = trailing(40_000);
    await world.handler(edited);
    world.before.set('revokeIngress', () => world.before.clear());
    world.time += 60_000;
    await world.handler(tick);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['clean', 'remediated']);
  });

  it('and was made narrow again is reported once: the schedule says nothing of it', async () => {
    const world = trailing(Number.POSITIVE_INFINITY);
    await world.handler(edited);
    world.time += 60_000;
    expect(await world.handler(tick)).toEqual([]);
    expect(world.published).toHaveLength(1);
  });

  it('is waited for as little as the edit says: its protocol by number, its addresses in another spelling', async () => {
    const world = createWorld();
    const start = world.time;
    const event = structuredClone(edited);
    const rule = { IpProtocol: '6', FromPort: '22', ToPort: 22, CidrIpv6: '0:0::/0' };
    const SecurityGroupRule = { SecurityGroupRuleId: one, SecurityGroupRule: rule };
    Object.assign(event.detail as object, {
      requestParameters: { ModifySecurityGroupRulesRequest: { GroupId: groupId, SecurityGroupRule } },
    });
    world.groups.set(groupId, [openRule(1, { CidrIpv4: undefined, CidrIpv6: '::/0' })]);
    await world.handler(event);
    expect(world.time).toBe(start);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is not waited for where the call failed as a duplicate', async () => {
    const world = createWorld();
    world.groups.set(groupId, [before]);
    const start = world.time;
    await world.handler(fixture('modify-duplicate'));
    expect(world.time).toBe(start);
  });
});

describe('a rule that is not listed', () => {
  it('is waited for, and closed when it is', async () => {
    const world = createWorld();
    const shown = world.time + 3_000;
    world.before.set('describeRules', () =>
      world.groups.set(groupId, world.time < shown ? [] : [openRule(1)]),
    );
    world.before.set('revokeIngress', () => world.before.clear());
    await world.handler(fixture('authorize-nested'));
    expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('because it was closed before is not waited for', async () => {
    const world = createWorld();
    await world.handler(fixture('authorize-nested'));
    const start = world.time;
    await world.handler({ ...fixture('authorize-nested'), id: 'replay' });
    expect(world.time).toBe(start);
    expect(world.published[1]).toMatchObject({ outcome: 'rule-gone' });
    expect(world.published[1]?.disagreements).toBeUndefined();
  });

  it('because another person revoked it is reported as missing', async () => {
    const world = createWorld();
    world.groups.set(groupId, []);
    await world.handler(fixture('authorize-nested'));
    expect(world.published).toMatchObject([
      { outcome: 'rule-gone', disagreements: [{ of: one, event: 'there', read: null }] },
    ]);
  });
});

describe('an exception tag', () => {
  const policy = policyOf(
    ['match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }'],
    `
exceptionTag: exempt
exceptions:
  - name: asked
    owner: web
    why: asked for by tag
    ticket: SEC-1
    permanent: true
    where: { include: [{ groupTags: { exempt: ["yes"] } }] }
    allow: { protocols: [tcp], ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } }`,
  );
  const tagged = [{ Key: 'exempt', Value: 'yes' }];

  it('that was deleted and that EC2 still shows for 3 s excepts nothing', async () => {
    const world = createWorld({ policy });
    const settled = world.time + 3_000;
    world.before.set('describeGroups', () => {
      world.tags = world.time < settled ? tagged : [];
    });
    await world.handler(fixture('tags-deleted'));
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.disagreements).toBeUndefined();
  });

  it('that was deleted and that EC2 still shows after 5 s is reported, and inspected by the schedule', async () => {
    const world = createWorld({ policy });
    world.tags = tagged;
    await world.handler(fixture('tags-deleted'));
    expect(world.published).toMatchObject([
      { outcome: 'excepted', disagreements: [{ of: 'tag exempt', event: null, read: 'yes' }] },
    ]);
    world.tags = [];
    world.time += 60_000;
    await world.handler(tick);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[1]).toMatchObject({ outcome: 'remediated', groupId });
  });
});

describe('a call that ended with an error of the server', () => {
  const failed = fixture('authorize-server-error');

  it('may succeed later: the schedule inspects the group a minute later', async () => {
    const world = createWorld();
    world.groups.set(groupId, []);
    await world.handler(failed);
    world.groups.set(groupId, [openRule(1)]);
    world.time += 60_000;
    await world.handler(tick);
    expect(world.ruleIds()).toEqual([]);
  });

  it.each([
    'Client.InvalidGroup.NotFound',
    'Client.UnauthorizedOperation',
    'Client.InvalidPermission.Malformed',
  ])('unlike %s, after which nothing is inspected', async (errorCode) => {
    const world = createWorld();
    await world.handler({ ...failed, detail: { ...(failed.detail as object), errorCode } });
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([{ outcome: 'ignored' }]);
  });
});
