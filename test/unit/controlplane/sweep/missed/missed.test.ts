import { randomUUID } from 'node:crypto';
import { describe, expect, vi } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import { carryOut } from '../../../../../controlplane/sweep/fleet/carry-out.ts';
import { type JudgeContext, judgeDue } from '../../../../../controlplane/sweep/missed/judge.ts';
import { makeLogger } from '../../../../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../../../../controlplane/telemetry/metrics.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';
import { offence, type SweepWorld, sweepPolicyText, sweepWorld } from '../world.ts';

const account = '300000000001';
const region = 'eu-west-1';
const cell = `${account} ${region}`;
const groupId = 'sg-0a1b2c3d4e5f60001';
const trail = { covered: true, trailArn: 'arn:aws:cloudtrail:eu-west-1:1:trail/all' } as const;

/** The AWS of the hub and the cell: every hop in order, but for what a test makes fail. */
function judging({ store }: SweepWorld, failing: Record<string, string> = {}) {
  const answers: Record<string, object> = {
    DescribeRuleCommand: { State: 'ENABLED' },
    ListTargetsByRuleCommand: { Targets: [{ Id: 'org-bus' }] },
    DescribeEventBusCommand: { Policy: '{"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}' },
    GetFunctionConfigurationCommand: { State: 'Active' },
    GetQueueAttributesCommand: { Attributes: { ApproximateNumberOfMessages: '0' } },
  };
  const client = {
    async send({ constructor: { name } }: object) {
      const code = failing[name];
      if (code?.startsWith('{')) return JSON.parse(code);
      if (code) throw Object.assign(new Error(`${name}: ${code}`), { name: code });
      return answers[name] ?? {};
    },
  };
  const at = async () => client;
  const missed = vi.fn();
  const context = {
    ...{ store, log: makeLogger('silent'), meter: { ...silentMeter, eventMissed: missed } },
    settings: { hub: { accountId: '222222222222', region } },
    aws: {
      caller: async () => ({ accountId: '111111111111', partition: 'aws' }),
      ...{ eventBridge: at, sqs: at, iam: at, lambda: at },
    },
    trail: async () => ('trail' in failing ? { covered: false, reason: failing.trail ?? '' } : trail),
  } as unknown as JudgeContext;
  return { context, missed, run: () => judgeDue(context, new AbortController().signal) };
}

/** A cell that is wired, swept once without an offence, and then with one. */
async function sweptTwice(database: Database, change: (world: SweepWorld) => void = () => undefined) {
  const world = sweepWorld(database);
  world.state.regions.set(account, [region]);
  const listed = { id: account, name: 'shop', email: '', path: '', parents: [], unitNames: [] };
  await world.store.accounts.seen([{ ...listed, state: 'ACTIVE' } as never], new Date());
  await world.store.accounts.setRegions(account, [{ region, trail }]);
  await database.query(
    `insert into stack (key, kind, account_id, region, generation, conditions, updated_at)
     values ($1, 'region', $2, $3, 'g', '{"Ready":{"status":"True"}}', now())`,
    [`region-${account}-${region}`, account, region],
  );
  await carryOut(world.context, await world.request());
  world.state.offences.set(cell, [offence(groupId)]);
  change(world);
  await carryOut(world.context, await world.request());
  return world;
}

const suspected = ({ query }: Database) =>
  query<{ state: string; hop: string | null }>('select state, hop from missed_event');
const hasTime = ({ query }: Database) => query('update missed_event set due_at = now()');
const coverage = async ({ store }: SweepWorld) =>
  (await store.fleet.cells('region', {}, { limit: 10 })).items;

describe('an offence that no event announced', () => {
  test('is suspected, and judged only when its event had 15 minutes to arrive', async ({ database }) => {
    const world = await sweptTwice(database);
    expect(await suspected(database)).toEqual([{ state: 'suspected', hop: null }]);
    const [row] = await database.query<{ minutes: number }>(
      'select round(extract(epoch from due_at - found_at) / 60)::int as minutes from missed_event',
    );
    expect(row?.minutes).toBe(15);
    await judging(world).run();
    expect(await suspected(database)).toEqual([{ state: 'suspected', hop: null }]);
  });

  test('is a missed event then: in the audit log, the metric, and the coverage of its cell until that is verified', async ({
    database,
  }) => {
    const world = await sweptTwice(database);
    expect(await coverage(world)).toMatchObject([{ coverage: 'covered', reason: null }]);
    await hasTime(database);
    const { run, missed } = judging(world);
    await run();
    await run();
    expect(await suspected(database)).toEqual([{ state: 'missed', hop: 'unknown' }]);
    expect(missed.mock.calls).toEqual([['unknown']]);
    expect(await world.store.audit.list(1)).toMatchObject([
      { what: 'event missed', details: { account, region, group: groupId, hop: 'unknown' } },
    ]);
    expect(await coverage(world)).toMatchObject([{ coverage: 'not-covered', reason: 'EventMissed' }]);
    expect((await world.store.accounts.get(account))?.conditions.Verified).toMatchObject({
      ...{ status: 'False', reason: 'EventMissed', message: expect.stringMatching(/eu-west-1: .*verify/) },
    });
    await database.query(
      `insert into cell_verification (account_id, region, verified_at) values ($1, $2, now() + interval '1 second')`,
      [account, region],
    );
    expect(await coverage(world)).toMatchObject([{ coverage: 'covered', reason: null }]);
    expect(await world.store.sweeps.missed.open(account)).toEqual([]);
  });

  test.each([
    [{ trail: 'no trail covers it' }, 'trail', /CloudTrail: no trail covers it/],
    [{ DescribeRuleCommand: 'ResourceNotFoundException' }, 'rule', /does not exist/],
    [{ DescribeRuleCommand: '{"State":"DISABLED"}' }, 'rule', /is DISABLED/],
    [{ ListTargetsByRuleCommand: '{}' }, 'target', /has no target/],
    [{ GetRolePolicyCommand: 'NoSuchEntityException' }, 'role', /portcullis-forwarder .*lost its policy/],
    [{ DescribeEventBusCommand: '{"Policy":"{}"}' }, 'bus-policy', /does not admit the organization/],
    [{ GetFunctionConfigurationCommand: '{"State":"Failed"}' }, 'lambda', /is Failed/],
    [
      { GetQueueAttributesCommand: '{"Attributes":{"ApproximateNumberOfMessages":"3"}}' },
      'dead-letter',
      /3 in portcullis-forward-dead-letter/,
    ],
    [{ DescribeRuleCommand: 'AccessDeniedException' }, 'unknown', /cannot be read/],
  ])('has the hop at which it was lost: %j', async (failing, hop, message) => {
    const { database } = given;
    const world = await sweptTwice(database);
    await hasTime(database);
    await judging(world, failing as unknown as Record<string, string>).run();
    const id = findingId({ accountId: account, region, groupId, ingress: 'tcp 22 22 0.0.0.0/0' });
    const missed = await world.store.sweeps.missed.ofFinding(id);
    expect(missed).toMatchObject({ hop, message: expect.stringMatching(message) });
  });

  test('is a missed event also where AWS never answers where it was lost', async ({ database }) => {
    const world = await sweptTwice(database);
    await database.query(`update missed_event set due_at = now(), found_at = found_at - interval '3 hours'`);
    await judging(world, { DescribeRuleCommand: 'InternalFailure' }).run();
    expect(await suspected(database)).toEqual([{ state: 'missed', hop: 'unknown' }]);
  });

  test('is judged again later where AWS does not answer', async ({ database }) => {
    const world = await sweptTwice(database);
    await hasTime(database);
    await judging(world, { DescribeRuleCommand: 'InternalFailure' }).run();
    expect(await suspected(database)).toEqual([{ state: 'suspected', hop: null }]);
    await hasTime(database);
    await judging(world).run();
    expect(await suspected(database)).toMatchObject([{ state: 'missed' }]);
  });
});

let given: { database: Database };
test.beforeEach(({ given: opened }) => {
  given = opened;
});

describe('no missed event is suspected', () => {
  const none = async (database: Database, change: (world: SweepWorld) => void) => {
    await sweptTwice(database, change);
    expect(await suspected(database)).toEqual([]);
  };

  test('where the policy is another than at the earlier sweep', ({ database }) =>
    none(database, (world) => {
      world.state.policy = parsePolicy(`${sweepPolicyText}\nownerTags: [team]`);
    }));

  test('where an exception allows the ingress', ({ database }) =>
    none(database, ({ state }) =>
      state.offences.set(cell, [offence(groupId, { exceptions: [{ name: 'bastion', expires: null }] })]),
    ));

  test('where the exception of a known finding expired', async ({ database }) => {
    const world = await sweptTwice(database, ({ state }) =>
      state.offences.set(cell, [offence(groupId, { exceptions: [{ name: 'bastion', expires: null }] })]),
    );
    world.state.offences.set(cell, [offence(groupId)]);
    await carryOut(world.context, await world.request());
    expect(await suspected(database)).toEqual([]);
  });

  test('in the first sweep of a cell, which was perhaps not wired before', async ({ database }) => {
    const world = sweepWorld(database);
    world.state.regions.set(account, [region]);
    world.state.offences.set(cell, [offence(groupId)]);
    await carryOut(world.context, await world.request());
    expect(await suspected(database)).toEqual([]);
  });
});

describe('an offence whose call CloudTrail still knows', () => {
  const openedBy = (eventTime: string) => ({ principal: 'arn:x', eventId: 'call-1', eventTime });

  test('is suspected after a change of the policy too, and judged 15 minutes after the call', async ({
    database,
  }) => {
    const eventTime = new Date(Date.now() + 1_000).toISOString();
    await sweptTwice(database, (world) => {
      world.state.policy = parsePolicy(`${sweepPolicyText}\nownerTags: [team]`);
      world.state.offences.set(cell, [offence(groupId, { openedBy: openedBy(eventTime) })]);
    });
    const [row] = await database.query<{ due: Date }>('select due_at as due from missed_event');
    expect(row?.due.getTime()).toBe(Date.parse(eventTime) + 15 * 60_000);
  });

  test('is announced where the result of exactly that call arrives', async ({ database }) => {
    const world = await sweptTwice(database, ({ state }) =>
      state.offences.set(cell, [
        offence(groupId, { openedBy: openedBy(new Date(Date.now() + 1_000).toISOString()) }),
      ]),
    );
    const time = new Date(Date.now() + 2_000).toISOString();
    await world.store.remediations.append(
      remediation({ eventId: randomUUID(), cloudTrailEventId: 'call-1', time, outcome: 'clean', groupId }),
    );
    await hasTime(database);
    await judging(world).run();
    expect(await suspected(database)).toEqual([{ state: 'announced', hop: null }]);
  });
});

describe('a result of the group that arrives in time', () => {
  const resultWith = async (database: Database, change: Parameters<typeof remediation>[0]) => {
    const world = await sweptTwice(database);
    const time = new Date(Date.now() + 2_000).toISOString();
    await world.store.remediations.append(remediation({ groupId, time, eventId: randomUUID(), ...change }));
    await hasTime(database);
    await judging(world).run();
    return (await suspected(database)).map(({ state }) => state);
  };

  const ofSweep = { eventId: `${randomUUID()}.${groupId}` };
  type Case = [string, Parameters<typeof remediation>[0], 'announced' | 'missed'];
  test.each<Case>([
    ['announces the ingress that it lists', { findings: [finding()] }, 'announced'],
    ['announces no other ingress', { findings: [finding({ fromPort: 3389, toPort: 3389 })] }, 'missed'],
    ['announces it where the group could not be read', { outcome: 'access-denied' }, 'announced'],
    ['announces nothing that the sweep handed over', { ...ofSweep, findings: [finding()] }, 'missed'],
    ['announces nothing where that failed', { ...ofSweep, outcome: 'access-denied' }, 'missed'],
  ])('%s', async (_, change, state) => {
    expect(await resultWith(given.database, change)).toEqual([state]);
  });
});
