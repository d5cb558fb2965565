import { describe, expect, it } from 'vitest';
import {
  afterEvent,
  awsError,
  createWorld,
  fixture,
  groupId,
  openRule,
  ssh,
  type World,
} from '../../../worlds/lambda.ts';
import { policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const again = (nth: number) => ({ ...ssh, id: `event-${nth}` });
const [one, two] = ['sgr-00000000000000001', 'sgr-00000000000000002'];

describe('undo', () => {
  const tcp22 = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 };

  it.each([
    [{}, { ...tcp22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    [
      { CidrIpv4: undefined, CidrIpv6: '::/0', Description: 'ssh' },
      { ...tcp22, Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'ssh' }] },
    ],
    [
      { IpProtocol: '-1', FromPort: -1, ToPort: -1 },
      { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ],
  ])('of a rule with %j has the form that AWS accepts', async (change, ipPermission) => {
    const tags = [{ Key: 'Name', Value: 'x' }];
    const world = await afterEvent(ssh, { rules: [openRule(1, { ...change, Tags: tags })] });
    expect(world.published[0]?.findings[0]?.undo).toEqual({ ipPermission, tags });
  });

  it('is null when nothing was revoked', async () => {
    const world = await afterEvent(ssh, { mode: 'notify' });
    expect(world.published[0]?.findings[0]?.undo).toBeNull();
  });

  it('is reported by the retry after an invocation that ended between revoke and report', async () => {
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
  const offices = ['203.0.113.0/24', '198.51.100.0/24'];
  const policy = policyOf([`${publicIngress}, narrowTo: [${offices}, "2001:db8::/32"]`]);
  const sourcesIn = (world: World) =>
    (world.groups.get(groupId) ?? []).map(({ CidrIpv4, CidrIpv6 }) => CidrIpv4 ?? CidrIpv6);

  it('allows the offices of the same family and revokes the public range', async () => {
    const rules = [openRule(1), openRule(2, { CidrIpv4: undefined, CidrIpv6: '::/0' })];
    const world = await afterEvent(ssh, { policy, rules });
    expect(sourcesIn(world)).toEqual([...offices, '2001:db8::/32']);
    expect(world.published[0]).toMatchObject({
      outcome: 'remediated',
      findings: [
        { action: 'narrowed', narrowed: { to: offices } },
        { action: 'narrowed', narrowed: { to: ['2001:db8::/32'] } },
      ],
    });
  });

  it.each([
    ['allows only ranges that the rule allowed', '200.0.0.0/6', ['203.0.113.0/24'], 'narrowed'],
    ['is a revoke when the rule allowed none of the ranges', '4.0.0.0/6', [], 'revoked'],
  ])('%s', async (_, CidrIpv4, left, action) => {
    const world = await afterEvent(ssh, { policy, rules: [openRule(1, { CidrIpv4 })] });
    expect(sourcesIn(world)).toEqual(left);
    expect(world.published[0]?.findings).toMatchObject([{ action }]);
  });

  it('keeps an existing rule for an office, and adds each range once', async () => {
    const rules = [openRule(1), openRule(2, { CidrIpv4: '203.0.113.0/24' })];
    const world = await afterEvent(ssh, { policy, rules });
    await world.handler(again(2));
    expect(sourcesIn(world)).toEqual(offices);
  });

  it('that AWS refuses still revokes the public range, and reports the error', async () => {
    const world = createWorld({ policy });
    world.fail('authorizeIngress', awsError('RulesPerSecurityGroupLimitExceeded'));
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.findings).toMatchObject([
      { action: 'narrowed', narrowed: { to: [], error: expect.stringContaining('LimitExceeded') } },
    ]);
  });

  it('does not follow a call of the remediation role, so that no loop begins', async () => {
    const world = await afterEvent(fixture('authorize-by-own-role'), { policy });
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('recurring ingress', () => {
  const escalating = (text: string) => policyOf([publicIngress], `escalation: { ${text} }`);

  async function reopened(text: string, times: number, minutes = 1) {
    const world = createWorld({ policy: escalating(text) });
    for (let nth = 1; nth <= times; nth += 1) {
      world.time += minutes * 60_000;
      await world.reopen(nth);
    }
    return world;
  }

  it('is closed as often as the policy says, then left open and escalated with the caller and the tool', async () => {
    const world = await reopened('times: 2, withinMinutes: 30', 3);
    expect(world.ruleIds()).toEqual(['sgr-00000000000000003']);
    expect(world.outcomes()).toEqual(['remediated', 'remediated', 'escalated']);
    expect(world.published[1]?.findings).toMatchObject([{ recurrence: { times: 2, withinMinutes: 30 } }]);
    expect(world.published[2]).toMatchObject({
      reason: expect.stringMatching(
        /closed 2 times within 30 minutes.*assumed-role\/Developer\/alice.* with aws-cli/,
      ),
      findings: [{ action: 'escalated', undo: null, recurrence: { times: 2 } }],
    });
  });

  it('is closed again once that time has passed', async () => {
    const world = await reopened('times: 2, withinMinutes: 30', 4, 16);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is always closed with mode: revoke in the policy', async () => {
    const world = await reopened('times: 2, withinMinutes: 30, mode: revoke', 6);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[5]?.findings).toMatchObject([{ recurrence: { times: 6 } }]);
  });

  it('counts a rule once, however many events name it', async () => {
    const world = createWorld({ policy: escalating('times: 2, withinMinutes: 30') });
    await Promise.all([1, 2, 3, 4].map((nth) => world.handler(again(nth))));
    await world.reopen(5);
    expect(world.ruleIds()).toEqual([]);
  });

  it('counts each port and source of a group apart', async () => {
    const world = await afterEvent(ssh, { policy: escalating('times: 1, withinMinutes: 30') });
    await world.reopen(2, [openRule(2, { FromPort: 3389, ToPort: 3389 })]);
    expect(world.ruleIds()).toEqual([]);
  });
});

it('a ledger that does not answer stops no revoke, and fails the invocation afterwards', async () => {
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
