import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { afterEvent, createWorld, groupId, openRule, scheduled, ssh } from '../../../worlds/lambda.ts';
import { policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const minute = 60_000;
const hour = 60 * minute;
const escalateAfter = (times: number) =>
  policyOf([publicIngress], `escalation: { times: ${times}, withinMinutes: 60 }`);

/** A rule that is opened again so many milliseconds after each closing, and the schedule once a minute. */
async function fight(policy: ReturnType<typeof policyOf>, duration: number, pause = 1_000) {
  const world = createWorld({ policy, rules: [] });
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
      await world.handler(scheduled(`tick-${turn}`));
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
  const escalating = escalateAfter(3);

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
    'is notified 4 times when it is closed %i times before it is escalated',
    async (times) => {
      const { world } = await fight(escalateAfter(times), 3 * hour);
      expect(world.slack.posts).toHaveLength(4);
    },
  );

  it('so slowly that it is never escalated is notified 3 times, and once for each further day', async () => {
    const { world } = await fight(policyOf([publicIngress]), 50 * hour, 20 * minute);
    expect(world.outcomes()).not.toContain('escalated');
    expect(world.slack.posts).toHaveLength(5);
  });

  it('is notified of its third closing again when no channel delivered it', async () => {
    const world = createWorld({ policy: policyOf([publicIngress]) });
    for (const nth of [1, 2, 3, 4, 5]) {
      world.slack.answers = nth === 3 ? [404] : [];
      await world.reopen(nth);
    }
    expect(world.published.filter(({ repeated }) => repeated)).toEqual([world.published[4]]);
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
    await world.reopen(99);
    expect(world.ruleIds()).toEqual([]);
    expect(world.slack.posts).toHaveLength(5);
  });

  it('names in the finding when the schedule closes it', async () => {
    const { world } = await fight(escalating, 4 * minute);
    const { findings, outcome, timeline } = world.published[3] ?? {};
    expect(outcome).toBe('escalated');
    const closesAt = Date.parse(findings?.[0]?.recurrence?.closesAt ?? '');
    expect(closesAt - Date.parse(timeline?.receivedAt ?? '')).toBe(4.5 * minute);
  });
});

describe('an escalation', () => {
  /** A group that was opened for the second time, and is left open as escalated. */
  async function escalated() {
    const world = await afterEvent(ssh, { policy: escalateAfter(1) });
    await world.reopen(2);
    return world;
  }

  it('that no channel delivered is notified with the next result', async () => {
    const world = await afterEvent(ssh, { policy: escalateAfter(1) });
    world.slack.answers = [404];
    await world.reopen(2);
    world.time += minute;
    await world.handler({ ...ssh, id: 'third' });
    await world.handler({ ...ssh, id: 'fourth' });
    const reported = world.published.map(({ outcome, repeated, notification: { slack } }) => ({
      ...{ outcome, repeated, slack: slack.status },
    }));
    expect(reported.slice(1)).toEqual([
      { outcome: 'escalated', slack: 'failed' },
      { outcome: 'escalated', slack: 'sent' },
      { outcome: 'escalated', slack: 'not-needed', repeated: true },
    ]);
  });

  it('does not hide other ingress of the same group', async () => {
    const world = await escalated();
    await world.handler({ ...ssh, id: 'third' });
    expect(world.slack.posts).toHaveLength(2);
    await world.reopen(4, [openRule(2), openRule(3, { FromPort: 3389, ToPort: 3389 })]);
    expect(world.slack.posts).toHaveLength(3);
    expect(world.slack.posts[2]).toContain('3389');
  });

  it('that the schedule closes is reported in full by a later run when the bus accepts no result', async () => {
    const world = await escalated();
    world.time += 4 * minute;
    world.before.set('putEvent', () => {
      throw new Error('the bus is down');
    });
    await expect(world.schedule(1)).rejects.toThrow();
    expect(world.ruleIds()).toEqual([]);
    world.before.clear();
    await world.schedule(2);
    expect(world.published.slice(2)).toMatchObject([
      { outcome: 'remediated', findings: [{ action: 'revoked', undo: { ipPermission: {} } }] },
    ]);
  });
});

describe('the escalation of a policy rule', () => {
  it('with leaveOpen leaves the rule open until the time of the policy is over', async () => {
    const policy = policyOf([
      `escalation: { times: 1, withinMinutes: 30, leaveOpen: true }, ${publicIngress}`,
    ]);
    const { world, stretches } = await fight(policy, 2 * hour);
    expect(Math.max(...stretches)).toBeGreaterThan(30 * minute);
    expect(Math.max(...stretches)).toBeLessThan(50 * minute);
    expect(world.published[1]).toMatchObject({
      outcome: 'escalated',
      reason: expect.stringMatching(/left open.*leaveOpen/),
    });
    expect(world.published[1]?.findings[0]?.recurrence?.closesAt).toBeUndefined();
  });

  it('applies to that policy rule only', async () => {
    const policy = policyOf(
      [`escalation: { times: 1 }, match: { ports: { any: [22] } }`, `match: { ports: { any: [3389] } }`],
      'escalation: { times: 4, withinMinutes: 60 }',
    );
    const world = createWorld({ policy });
    for (const nth of [1, 2, 3])
      await world.reopen(nth, [openRule(nth), openRule(nth + 3, { FromPort: 3389, ToPort: 3389 })]);
    expect(world.published.map(({ findings }) => findings.map(({ action }) => action))).toEqual([
      ['revoked', 'revoked'],
      ['escalated', 'revoked'],
      ['escalated', 'revoked'],
    ]);
  });

  it('with mode: revoke closes the rule at once each time', async () => {
    const policy = policyOf([`escalation: { times: 1, mode: revoke }, ${publicIngress}`]);
    const { world, stretches } = await fight(policy, 10 * minute, 30_000);
    expect(Math.max(...stretches)).toBeLessThan(5_000);
    expect(world.outcomes()).not.toContain('escalated');
  });
});
