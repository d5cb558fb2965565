import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const ssh = fixture('authorize-nested');
const again = (nth: number) => ({ ...ssh, id: `event-${nth}` });
const [one, two] = ['sgr-00000000000000001', 'sgr-00000000000000002'];
const publicly = 'sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } }';
const offices = 'narrowTo: [203.0.113.0/24, 198.51.100.0/24, "2001:db8::/32"]';

const sourcesIn = (world: ReturnType<typeof createWorld>) =>
  (world.groups.get(groupId) ?? []).map(({ CidrIpv4, CidrIpv6 }) => CidrIpv4 ?? CidrIpv6);

describe('undo', () => {
  it.each([
    [{}, { IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    [
      { CidrIpv4: undefined, CidrIpv6: '::/0', Description: 'ssh' },
      { Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'ssh' }] },
    ],
  ])('is in the finding as AWS takes it: %j', async (change, source) => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, { ...change, Tags: [{ Key: 'Name', Value: 'x' }] })]);
    await world.handler(ssh);
    expect(world.published[0]?.findings[0]?.undo).toEqual({
      ipPermission: { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...source },
      tags: [{ Key: 'Name', Value: 'x' }],
    });
  });

  it('has no ports where every protocol was open', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, { IpProtocol: '-1', FromPort: -1, ToPort: -1 })]);
    await world.handler(ssh);
    expect(world.published[0]?.findings[0]?.undo?.ipPermission).toEqual({
      IpProtocol: '-1',
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    });
  });

  it('is null when nothing was revoked', async () => {
    const world = createWorld({ mode: 'notify' });
    await world.handler(ssh);
    expect(world.published[0]?.findings[0]?.undo).toBeNull();
  });

  it('is reported by the retry after an invocation that died between revoke and report', async () => {
    const world = createWorld();
    for (const nth of [1, 2, 3]) world.fail('putEvent', awsError('InternalFailure', 500), nth);
    for (const _ of [1, 2]) await world.handler(ssh).catch(() => undefined);
    world.groups.set(groupId, [openRule(2, { FromPort: 3389, ToPort: 3389 })]);
    await world.handler(ssh).catch(() => undefined);
    await world.handler(ssh);
    expect(
      world.published.map(({ findings }) => findings.map(({ ruleId, action }) => [ruleId, action])),
    ).toEqual([[[two, 'revoked']]]);
  });
});

describe('narrowing', () => {
  const policy = policyOf([`match: { ${publicly} }, ${offices}`]);

  it('lets the offices of the same family in and takes the world away', async () => {
    const world = createWorld({ policy });
    world.groups.set(groupId, [openRule(1), openRule(2, { CidrIpv4: undefined, CidrIpv6: '::/0' })]);
    await world.handler(ssh);
    expect(sourcesIn(world)).toEqual(['203.0.113.0/24', '198.51.100.0/24', '2001:db8::/32']);
    expect(world.published[0]).toMatchObject({
      outcome: 'remediated',
      findings: [
        { action: 'narrowed', narrowed: { to: ['203.0.113.0/24', '198.51.100.0/24'] } },
        { action: 'narrowed', narrowed: { to: ['2001:db8::/32'] } },
      ],
    });
  });

  it('never allows what the rule did not', async () => {
    const world = createWorld({ policy });
    world.groups.set(groupId, [openRule(1, { CidrIpv4: '200.0.0.0/6' })]);
    await world.handler(ssh);
    expect(sourcesIn(world)).toEqual(['203.0.113.0/24']);
  });

  it('is a revoke where the rule held none of the ranges', async () => {
    const world = createWorld({ policy });
    world.groups.set(groupId, [openRule(1, { CidrIpv4: '4.0.0.0/6' })]);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings).toMatchObject([{ action: 'revoked' }]);
  });

  it('keeps a rule for an office that is there already, and adds it once', async () => {
    const world = createWorld({ policy });
    world.groups.set(groupId, [openRule(1), openRule(2, { CidrIpv4: '203.0.113.0/24' })]);
    await world.handler(ssh);
    await world.handler(again(2));
    expect(sourcesIn(world)).toEqual(['203.0.113.0/24', '198.51.100.0/24']);
  });

  it('that AWS refuses still takes the world away, and says so', async () => {
    const world = createWorld({ policy });
    world.fail('authorizeIngress', awsError('RulesPerSecurityGroupLimitExceeded'));
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings).toMatchObject([
      { action: 'narrowed', narrowed: { to: [], error: expect.stringContaining('LimitExceeded') } },
    ]);
  });

  it('is not answered to a call of our own, so that no loop begins', async () => {
    const world = createWorld({ policy });
    await world.handler(fixture('authorize-by-own-role'));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('ingress that comes back', () => {
  async function reopen(world: ReturnType<typeof createWorld>, times: number, minutes = 1) {
    for (let nth = 1; nth <= times; nth += 1) {
      world.groups.set(groupId, [openRule(nth)]);
      world.time += minutes * 60_000;
      await world.handler(again(nth));
    }
  }

  it('is closed as often as the policy says, then left and escalated with who and what', async () => {
    const world = createWorld({
      policy: policyOf([`match: { ${publicly} }`], 'escalation: { times: 2, withinMinutes: 30 }'),
    });
    await reopen(world, 3);
    expect(world.ruleIds()).toEqual(['sgr-00000000000000003']);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'remediated', 'escalated']);
    expect(world.published[1]?.findings).toMatchObject([{ recurrence: { times: 2, withinMinutes: 30 } }]);
    expect(world.published[2]).toMatchObject({
      reason: expect.stringMatching(
        /closed 2 times within 30 minutes.*assumed-role\/Developer\/alice.* with aws-cli/,
      ),
      findings: [{ action: 'escalated', undo: null, recurrence: { times: 2 } }],
    });
  });

  it('is closed again once that time has passed', async () => {
    const world = createWorld({
      policy: policyOf([`match: { ${publicly} }`], 'escalation: { times: 2, withinMinutes: 30 }'),
    });
    await reopen(world, 4, 16);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is closed all the same where the policy says to', async () => {
    const world = createWorld({
      policy: policyOf(
        [`match: { ${publicly} }`],
        'escalation: { times: 2, withinMinutes: 30, mode: revoke }',
      ),
    });
    await reopen(world, 6);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[5]?.findings).toMatchObject([{ recurrence: { times: 6 } }]);
  });

  it('counts a rule once, however many events tell of it', async () => {
    const world = createWorld({
      policy: policyOf([`match: { ${publicly} }`], 'escalation: { times: 2, withinMinutes: 30 }'),
    });
    world.groups.set(groupId, [openRule(1)]);
    await Promise.all([1, 2, 3, 4].map((nth) => world.handler(again(nth))));
    world.groups.set(groupId, [openRule(5)]);
    await world.handler(again(5));
    expect(world.ruleIds()).toEqual([]);
  });

  it('by another port or source of the group is another ingress', async () => {
    const world = createWorld({
      policy: policyOf([`match: { ${publicly} }`], 'escalation: { times: 1, withinMinutes: 30 }'),
    });
    await world.handler(again(1));
    world.groups.set(groupId, [openRule(2, { FromPort: 3389, ToPort: 3389 })]);
    await world.handler(again(2));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('a ledger that does not answer', () => {
  it('stops no revoke, and fails the invocation afterwards', async () => {
    const world = createWorld();
    world.ledger.fail = awsError('AccessDeniedException', 403);
    await expect(world.handler(ssh)).rejects.toThrow(/^access-denied: /);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: one }] }]);
    const steps = world.log.map((line) => JSON.parse(line));
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['revoking', 'ledger-failed', 'revoked', 'result']),
    );
    expect(steps.find(({ step }) => step === 'revoking').findings[0].undo.ipPermission).toMatchObject({
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    });
  });
});
