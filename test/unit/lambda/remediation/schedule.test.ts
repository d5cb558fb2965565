import { describe, expect, it } from 'vitest';
import { announcementsOf } from '../../../../lambda/remediation/schedule.ts';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const hour = {
  version: '0',
  id: 'hour-1',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '222222222222',
  time: '2026-03-02T10:00:00Z',
  region: 'eu-west-1',
  resources: ['arn:aws:events:eu-west-1:222222222222:rule/portcullis-schedule'],
  detail: {},
};
/** So many minutes, with the schedule in each; the errors it ended with. */
async function turns(world: ReturnType<typeof createWorld>, minutes: number): Promise<string[]> {
  const errors: string[] = [];
  for (let left = minutes; left > 0; left -= 1) {
    world.time += 60_000;
    const event = { ...hour, id: `at-${world.time}` };
    await world.handler(event).catch((error: Error) => errors.push(error.message));
  }
  return errors;
}

const publicly = 'match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';
const exception = (name: string, end: string) => `
  - name: ${name}
    owner: web
    why: a partner
    ticket: SEC-1
    ${end}
    where: { include: [{ groupIds: [sg-1] }] }
    allow: { ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } }`;

describe('the end of an exception', () => {
  const ending = (end: string) => policyOf([publicly], `exceptions:${exception('partner', end)}`);

  it.each([
    ['2026-03-09T09:15:10Z', ['expiring']],
    ['2026-03-09T09:15:11Z', []],
    ['2026-03-02T09:15:11Z', ['expiring']],
    ['2026-03-02T09:15:10Z', ['expired']],
    ['2026-02-23T09:15:10Z', ['expired']],
    ['2026-02-23T09:15:09Z', []],
    ['2026-03-02T10:15:10+01:00', ['expired']],
  ])('at %s is to be announced as %j', (expires, states) => {
    const ends = announcementsOf(ending(`expires: ${expires}`), new Date('2026-03-02T09:15:10Z'));
    expect(ends.map(({ state }) => state)).toEqual(states);
  });

  it('is never announced where there is none', () => {
    expect(announcementsOf(ending('permanent: true'), new Date())).toEqual([]);
  });

  it('is announced once, to people and on the bus, and again when it has come', async () => {
    const world = createWorld({ policy: ending('expires: 2026-03-05T00:00:00Z') });
    await world.handler(hour);
    await world.handler({ ...hour, id: 'hour-2' });
    expect(world.announced).toMatchObject([{ name: 'partner', state: 'expiring', ticket: 'SEC-1' }]);
    expect(world.slack.posts).toHaveLength(1);
    world.time = Date.parse('2026-03-05T00:30:00Z');
    await world.handler({ ...hour, id: 'hour-3' });
    expect(world.announced.map(({ state }) => state)).toEqual(['expiring', 'expired']);
  });

  it('is announced after the groups that are due, so that telling holds none of them up', async () => {
    const world = createWorld({
      policy: policyOf(
        [publicly],
        `escalation: { times: 1, withinMinutes: 30 }\nexceptions:${exception('partner', 'expires: 2026-03-05T00:00:00Z')}`,
      ),
    });
    const ssh = fixture('authorize-nested');
    await world.handler(ssh);
    world.groups.set(groupId, [openRule(2)]);
    await world.handler({ ...ssh, id: 'second' });
    world.time += 31 * 60_000;
    await world.handler(hour);
    const steps = world.log.map((line) => JSON.parse(line).step);
    expect(steps.lastIndexOf('revoked')).toBeLessThan(steps.indexOf('announced'));
    expect(world.announced).toHaveLength(1);
  });

  it('that no channel delivered is announced to people an hour later, and not again on the bus', async () => {
    const world = createWorld({ policy: ending('expires: 2026-03-05T00:00:00Z') });
    world.slack.answers = [404];
    for (const nth of [1, 2, 3]) {
      await world.handler({ ...hour, id: `hour-${nth}` });
      world.time += 61 * 60_000;
      expect(world.slack.posts).toHaveLength(nth === 1 ? 0 : 1);
    }
    expect(world.announced).toMatchObject([{ name: 'partner', state: 'expiring' }]);
  });

  it('that the bus did not take is announced an hour later', async () => {
    const world = createWorld({ policy: ending('expires: 2026-03-05T00:00:00Z') });
    world.fail('putEvent', new Error('no'), 1);
    await expect(world.handler(hour)).rejects.toThrow();
    await world.handler({ ...hour, id: 'hour-2' });
    expect(world.announced).toHaveLength(1);
  });
});

describe('a group that was left open as escalated', () => {
  it('is inspected again by the clock once the time is over, and closed', async () => {
    const world = createWorld({
      policy: policyOf([`escalation: { times: 1, withinMinutes: 30, leaveOpen: true }, ${publicly}`]),
    });
    const ssh = fixture('authorize-nested');
    await world.handler(ssh);
    world.groups.set(groupId, [openRule(2)]);
    await world.handler({ ...ssh, id: 'second' });
    await turns(world, 29);
    expect(world.ruleIds()).toHaveLength(1);
    await turns(world, 17);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.at(-1)).toMatchObject({ outcome: 'remediated', account: '300000000001', groupId });
    await turns(world, 17);
    expect(world.published).toHaveLength(3);
  });
});

describe('a group whose exception has ended', () => {
  const place =
    'include: [{ accounts: ["300000000001"], regions: [eu-west-1], groupIds: [sg-0a1b2c3d4e5f60001] }]';
  const excepting = (end: string) =>
    policyOf(
      [publicly],
      `exceptions:${exception('partner', end)}`.replace('include: [{ groupIds: [sg-1] }]', place),
    );

  it('is inspected within the hour, and closed', async () => {
    const world = createWorld({ policy: excepting('expires: 2026-03-02T12:00:00Z') });
    await world.handler(hour);
    expect(world.ruleIds()).toHaveLength(1);
    world.time = Date.parse('2026-03-02T12:30:00Z');
    await world.handler({ ...hour, id: 'hour-2' });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.at(-1)).toMatchObject({ outcome: 'remediated', account: '300000000001', groupId });
  });

  it('by an update of the policy is as well, by the function that carries it', async () => {
    const world = createWorld({ policy: excepting('permanent: true') });
    await world.handler(hour);
    const updated = createWorld({ policy: policyOf([publicly]), ledger: world.ledger });
    await updated.handler({ ...hour, id: 'hour-2' });
    expect(updated.ruleIds()).toEqual([]);
  });

  it('stays scheduled while it cannot be inspected', async () => {
    const world = createWorld({ policy: excepting('expires: 2026-03-02T12:00:00Z') });
    await world.handler(hour);
    world.time = Date.parse('2026-03-02T12:30:00Z');
    world.fail('describeRules', awsError('Throttling'), 1);
    await expect(world.handler({ ...hour, id: 'hour-2' })).rejects.toThrow(/to be retried/);
    await world.handler({ ...hour, id: 'hour-3' });
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('a group that is due', () => {
  it('stays due while its account denies the look, and each hour says so', async () => {
    const world = createWorld({
      policy: policyOf([publicly], 'escalation: { times: 1, withinMinutes: 30 }'),
    });
    const ssh = fixture('authorize-nested');
    await world.handler(ssh);
    world.groups.set(groupId, [openRule(2)]);
    await world.handler({ ...ssh, id: 'second' });
    world.time += 31 * 60_000;
    world.before.set('describeRules', () => {
      throw awsError('UnauthorizedOperation', 403);
    });
    const denials = await turns(world, 150);
    expect(denials.every((message) => message.startsWith('access-denied'))).toBe(true);
    expect([2, 3]).toContain(denials.length);
    world.before.clear();
    expect(await turns(world, 80)).toEqual([]);
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('an hour without anything due', () => {
  it('gives no result', async () => {
    const world = createWorld();
    expect(await world.handler(hour)).toEqual([]);
    expect(world.published).toEqual([]);
  });
});
