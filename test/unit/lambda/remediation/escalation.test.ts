import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const ssh = fixture('authorize-nested');
const minute = 60_000;
const hour = 60 * minute;
const tick = (nth: number) => ({
  ...{ id: `tick-${nth}`, source: 'aws.events', 'detail-type': 'Scheduled Event' },
  ...{ account: '222222222222', region: 'eu-west-1', detail: {} },
});
const publicly = 'match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';

/** A rule that is opened again so many milliseconds after each closing, and the schedule once a minute. */
async function fight(policy: ReturnType<typeof policyOf>, duration: number, pause = 1_000) {
  const world = createWorld({ policy });
  world.groups.set(groupId, []);
  const start = world.time;
  const stretches: number[] = [];
  let [turn, opened, opensAt] = [0, 0, start];
  while (world.time < start + duration) {
    const next = start + (turn + 1) * minute;
    if (world.ruleIds().length === 0 && opensAt <= next) {
      world.time = Math.max(world.time, opensAt);
      opened = world.time;
      world.groups.set(groupId, [openRule(stretches.length + 1)]);
      const detail = { ...(ssh.detail as object), eventTime: new Date(world.time).toISOString() };
      await world.handler({ ...ssh, id: `event-${stretches.length}`, detail });
    } else {
      turn += 1;
      world.time = Math.max(world.time, next);
      await world.handler(tick(turn));
    }
    if (opened > 0 && world.ruleIds().length === 0) {
      stretches.push(world.time - opened);
      opensAt = world.time + pause;
      opened = 0;
    }
  }
  return { world, stretches };
}

describe('a rule that is opened again at once after each closing', () => {
  const escalating = policyOf([publicly], 'escalation: { times: 3, withinMinutes: 60 }');

  it('for 6 hours is open for 6 minutes at most, closed 80 times at most, and notified 4 times', async () => {
    const { world, stretches } = await fight(escalating, 6 * hour);
    expect(Math.max(...stretches)).toBeLessThanOrEqual(6 * minute);
    expect(stretches.length).toBeGreaterThan(60);
    expect(stretches.length).toBeLessThanOrEqual(80);
    expect(world.slack.posts).toHaveLength(4);
    expect(world.slack.posts[3]).toMatch(/assumed-role\/Developer\/alice.*with aws-cli/);
    const reported = world.published.filter(({ repeated }) => !repeated).map(({ outcome }) => outcome);
    expect(reported).toEqual(['remediated', 'remediated', 'remediated', 'escalated']);
  });

  it.each([7_000, 45_000, 3 * minute])(
    'or %i ms later is open for 6 minutes at most, and notified 4 times',
    async (pause) => {
      const { world, stretches } = await fight(escalating, 3 * hour, pause);
      expect(Math.max(...stretches)).toBeLessThanOrEqual(6 * minute);
      expect(world.slack.posts).toHaveLength(4);
    },
  );

  it('is closed 5 times before it is escalated by the shipped policy, and notified 4 times', async () => {
    const shipped = readFileSync(new URL('../../../../lambda/policy.yaml', import.meta.url), 'utf8');
    const policy = parsePolicy(shipped.replace('mode: observe', 'mode: revoke'));
    const { world, stretches } = await fight(policy, 6 * hour);
    expect(Math.max(...stretches)).toBeLessThanOrEqual(6 * minute);
    expect(stretches.length).toBeLessThanOrEqual(80);
    const first = world.published.slice(0, 6);
    expect(first.map(({ outcome }) => outcome)).toEqual([...Array(5).fill('remediated'), 'escalated']);
    expect(first.map(({ repeated = false }) => repeated).join()).toBe('false,false,false,true,true,false');
    expect(world.slack.posts).toHaveLength(4);
    expect(world.slack.posts[0]).toContain('closed');
    expect(world.slack.posts[3]).toMatch(/assumed-role\/Developer\/alice.*with aws-cli/);
  });

  it.each([4, 10, 50])(
    'is notified 4 times also when it is closed %i times before it is escalated',
    async (times) => {
      const policy = policyOf([publicly], `escalation: { times: ${times}, withinMinutes: 60 }`);
      expect((await fight(policy, 3 * hour)).world.slack.posts).toHaveLength(4);
    },
  );

  it('so slowly that it is never escalated is notified 3 times, and once for each further day', async () => {
    const { world } = await fight(policyOf([publicly]), 50 * hour, 20 * minute);
    expect(world.published.map(({ outcome }) => outcome)).not.toContain('escalated');
    expect(world.slack.posts).toHaveLength(5);
  });

  it('is notified of its third closing again when no channel delivered it', async () => {
    const world = createWorld({ policy: policyOf([publicly]) });
    for (const nth of [1, 2, 3, 4, 5]) {
      world.groups.set(groupId, [openRule(nth)]);
      world.slack.answers = nth === 3 ? [404] : [];
      await world.handler({ ...ssh, id: `event-${nth}` });
    }
    expect(world.published.map(({ repeated = false }) => repeated)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it('is notified once more on the second day', async () => {
    const { world } = await fight(escalating, 26 * hour);
    const reported = world.published.filter(({ outcome, repeated }) => outcome === 'escalated' && !repeated);
    expect(reported.map(({ time }) => time.slice(0, 13))).toEqual(['2026-03-02T09', '2026-03-03T09']);
    expect(world.slack.posts).toHaveLength(5);
  });

  it('is notified again once it had stopped for longer than the time of the policy', async () => {
    const { world } = await fight(escalating, hour);
    world.groups.set(groupId, []);
    world.time += 2 * hour;
    world.groups.set(groupId, [openRule(99)]);
    await world.handler({ ...ssh, id: 'later' });
    expect(world.ruleIds()).toEqual([]);
    expect(world.slack.posts).toHaveLength(5);
  });

  it('has its end in the finding: the schedule closes it by then', async () => {
    const { world } = await fight(escalating, 4 * minute);
    const { findings, outcome, timeline } = world.published[3] ?? {};
    expect(outcome).toBe('escalated');
    const closesAt = Date.parse(findings?.[0]?.recurrence?.closesAt ?? '');
    expect(closesAt - Date.parse(timeline?.receivedAt ?? '')).toBe(4.5 * minute);
  });
});

describe('notifying people of an escalation', () => {
  it('that no channel took is tried again with the next result', async () => {
    const policy = policyOf([publicly], 'escalation: { times: 1, withinMinutes: 60 }');
    const world = createWorld({ policy });
    await world.handler(ssh);
    world.groups.set(groupId, [openRule(2)]);
    world.slack.answers = [404];
    await world.handler({ ...ssh, id: 'second' });
    expect(world.published[1]).toMatchObject({
      outcome: 'escalated',
      notification: { slack: { status: 'failed' } },
    });
    world.time += minute;
    await world.handler({ ...ssh, id: 'third' });
    expect(world.published[2]).toMatchObject({
      outcome: 'escalated',
      notification: { slack: { status: 'sent' } },
    });
    expect(world.published[2]?.repeated).toBeUndefined();
    await world.handler({ ...ssh, id: 'fourth' });
    expect(world.published[3]).toMatchObject({
      repeated: true,
      notification: { slack: { status: 'not-needed' } },
    });
  });

  it('does not hide what else the same group allows', async () => {
    const policy = policyOf([publicly], 'escalation: { times: 1, withinMinutes: 60 }');
    const world = createWorld({ policy });
    await world.handler(ssh);
    for (const id of ['second', 'third']) {
      world.groups.set(groupId, [openRule(2)]);
      await world.handler({ ...ssh, id });
    }
    expect(world.slack.posts).toHaveLength(2);
    world.groups.set(groupId, [openRule(2), openRule(3, { FromPort: 3389, ToPort: 3389 })]);
    await world.handler({ ...ssh, id: 'fourth' });
    expect(world.slack.posts).toHaveLength(3);
    expect(world.slack.posts[2]).toContain('3389');
  });
});

describe('a closing by the schedule', () => {
  it('whose result the bus did not take is reported in full by a later run', async () => {
    const policy = policyOf([publicly], 'escalation: { times: 1, withinMinutes: 60 }');
    const world = createWorld({ policy });
    await world.handler(ssh);
    world.groups.set(groupId, [openRule(2)]);
    await world.handler({ ...ssh, id: 'second' });
    world.time += 5 * minute;
    world.before.set('putEvent', () => {
      throw new Error('the bus is down');
    });
    await expect(world.handler(tick(1))).rejects.toThrow();
    expect(world.ruleIds()).toEqual([]);
    world.before.clear();
    world.time += minute;
    await world.handler(tick(2));
    expect(world.published[2]).toMatchObject({
      outcome: 'remediated',
      findings: [{ action: 'revoked', undo: { ipPermission: {} } }],
    });
    world.time += minute;
    await world.handler(tick(3));
    expect(world.published).toHaveLength(3);
  });
});

describe('the escalation of a policy rule', () => {
  it('leaves it open where it says so, until the time of the policy is over', async () => {
    const policy = policyOf([`escalation: { times: 1, withinMinutes: 30, leaveOpen: true }, ${publicly}`]);
    const { world, stretches } = await fight(policy, 2 * hour);
    expect(Math.max(...stretches)).toBeGreaterThan(30 * minute);
    expect(Math.max(...stretches)).toBeLessThan(50 * minute);
    expect(world.published[1]).toMatchObject({
      outcome: 'escalated',
      reason: expect.stringMatching(/left open.*leaveOpen/),
    });
    expect(world.published[1]?.findings[0]?.recurrence?.closesAt).toBeUndefined();
  });

  it('counts for that rule alone', async () => {
    const policy = policyOf(
      [`escalation: { times: 1 }, match: { ports: { any: [22] } }`, `match: { ports: { any: [3389] } }`],
      'escalation: { times: 4, withinMinutes: 60 }',
    );
    const world = createWorld({ policy });
    for (let nth = 1; nth <= 3; nth += 1) {
      world.groups.set(groupId, [openRule(nth), openRule(nth + 3, { FromPort: 3389, ToPort: 3389 })]);
      await world.handler({ ...ssh, id: `event-${nth}` });
    }
    expect(world.published.map(({ findings }) => findings.map(({ action }) => action))).toEqual([
      ['revoked', 'revoked'],
      ['escalated', 'revoked'],
      ['escalated', 'revoked'],
    ]);
  });

  it('closes it at once each time where it says mode: revoke', async () => {
    const policy = policyOf([`escalation: { times: 1, mode: revoke }, ${publicly}`]);
    const { world, stretches } = await fight(policy, 10 * minute, 30_000);
    expect(Math.max(...stretches)).toBeLessThan(5_000);
    expect(world.published.map(({ outcome }) => outcome)).not.toContain('escalated');
  });
});
