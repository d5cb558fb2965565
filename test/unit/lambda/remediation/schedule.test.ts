import { describe, expect, it } from 'vitest';
import { announcementsOf } from '../../../../lambda/remediation/schedule.ts';
import { afterEvent, awsError, createWorld, groupId, scheduled, ssh } from '../../../worlds/lambda.ts';
import { exceptionOf, policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const minute = 60_000;
const [first, second, third] = [scheduled('hour-1'), scheduled('hour-2'), scheduled('hour-3')];
const excepting = (change: Record<string, string>, rest = '') =>
  policyOf([publicIngress], `exceptions: [${exceptionOf(change)}]\n${rest}`);

describe('the end of an exception', () => {
  const ending = excepting({ expires: '2026-03-05T00:00:00Z' });

  it.each([
    ['2026-03-09T09:15:10Z', ['expiring']],
    ['2026-03-09T09:15:11Z', []],
    ['2026-03-02T09:15:11Z', ['expiring']],
    ['2026-03-02T09:15:10Z', ['expired']],
    ['2026-02-23T09:15:10Z', ['expired']],
    ['2026-02-23T09:15:09Z', []],
    ['2026-03-02T10:15:10+01:00', ['expired']],
  ])('at %s is to be announced as %j', (expires, states) => {
    const ends = announcementsOf(excepting({ expires }), new Date('2026-03-02T09:15:10Z'));
    expect(ends.map(({ state }) => state)).toEqual(states);
  });

  it('is never announced for a permanent exception', () => {
    expect(announcementsOf(excepting({}), new Date())).toEqual([]);
  });

  it('is announced once before it and once after it, to people and on the bus', async () => {
    const world = await afterEvent(first, { policy: ending });
    await world.handler(second);
    expect(world.announced).toMatchObject([{ name: 'partner', state: 'expiring', ticket: 'SEC-1' }]);
    expect(world.slack.posts).toHaveLength(1);
    world.time = Date.parse('2026-03-05T00:30:00Z');
    await world.handler(third);
    expect(world.announced.map(({ state }) => state)).toEqual(['expiring', 'expired']);
  });

  it('is announced after the groups that are due are inspected, and delays none of them', async () => {
    const escalation = 'escalation: { times: 1, withinMinutes: 30 }';
    const world = await afterEvent(ssh, {
      policy: excepting({ expires: '2026-03-05T00:00:00Z' }, escalation),
    });
    await world.reopen(2);
    world.time += 31 * minute;
    await world.handler(first);
    const steps = world.log.map((line) => JSON.parse(line).step);
    expect(steps.lastIndexOf('revoked')).toBeLessThan(steps.indexOf('announced'));
    expect(world.announced).toHaveLength(1);
  });

  it('that no channel delivered is announced to people an hour later, and not again on the bus', async () => {
    const world = createWorld({ policy: ending });
    world.slack.answers = [404];
    for (const [event, posts] of [
      [first, 0],
      [second, 1],
      [third, 1],
    ] as const) {
      await world.handler(event);
      world.time += 61 * minute;
      expect(world.slack.posts).toHaveLength(posts);
    }
    expect(world.announced).toMatchObject([{ name: 'partner', state: 'expiring' }]);
  });

  it('that the bus did not accept is announced an hour later', async () => {
    const world = createWorld({ policy: ending });
    world.fail('putEvent', new Error('no'), 1);
    await expect(world.handler(first)).rejects.toThrow();
    await world.handler(second);
    expect(world.announced).toHaveLength(1);
  });
});

describe('a group that was left open as escalated', () => {
  it('is inspected by the schedule once the time is over, and closed', async () => {
    const world = await afterEvent(ssh, {
      policy: policyOf([`escalation: { times: 1, withinMinutes: 30, leaveOpen: true }, ${publicIngress}`]),
    });
    await world.reopen(2);
    await world.schedule(29);
    expect(world.ruleIds()).toHaveLength(1);
    await world.schedule(17);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.at(-1)).toMatchObject({ outcome: 'remediated', account: '300000000001', groupId });
    await world.schedule(17);
    expect(world.published).toHaveLength(3);
  });

  it('stays due while its account denies the reading, and is reported each hour', async () => {
    const policy = policyOf([publicIngress], 'escalation: { times: 1, withinMinutes: 30 }');
    const world = await afterEvent(ssh, { policy });
    await world.reopen(2);
    world.time += 31 * minute;
    world.before.set('describeRules', () => {
      throw awsError('UnauthorizedOperation', 403);
    });
    const denials: string[] = [];
    for (let minutes = 0; minutes < 150; minutes += 1)
      await world.schedule(1).catch(({ message }: Error) => denials.push(message));
    expect(denials.every((message) => message.startsWith('access-denied'))).toBe(true);
    expect([2, 3]).toContain(denials.length);
    world.before.clear();
    await world.schedule(80);
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('a group whose exception has ended', () => {
  const where = `{ include: [{ accounts: ["300000000001"], regions: [eu-west-1], groupIds: [${groupId}] }] }`;
  const expiring = excepting({ where, expires: '2026-03-02T12:00:00Z' });

  it('is inspected within the hour, and closed', async () => {
    const world = await afterEvent(first, { policy: expiring });
    expect(world.ruleIds()).toHaveLength(1);
    world.time = Date.parse('2026-03-02T12:30:00Z');
    await world.handler(second);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.at(-1)).toMatchObject({ outcome: 'remediated', account: '300000000001', groupId });
  });

  it('by an update of the policy is closed by the function with that policy', async () => {
    const { ledger } = await afterEvent(first, { policy: excepting({ where }) });
    const updated = await afterEvent(second, { policy: policyOf([publicIngress]), ledger });
    expect(updated.ruleIds()).toEqual([]);
  });

  it('stays due while it cannot be inspected', async () => {
    const world = await afterEvent(first, { policy: expiring });
    world.time = Date.parse('2026-03-02T12:30:00Z');
    world.fail('describeRules', awsError('Throttling'), 1);
    await expect(world.handler(second)).rejects.toThrow(/to be retried/);
    await world.handler(third);
    expect(world.ruleIds()).toEqual([]);
  });
});

it('a run of the schedule with nothing due has no result', async () => {
  const world = createWorld();
  expect(await world.handler(first)).toEqual([]);
  expect(world.published).toEqual([]);
});
