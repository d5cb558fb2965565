import { beforeEach, describe, expect } from 'vitest';
import { scpWords } from '../../../worlds/control-policies.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { one, two } from '../../../worlds/reconcile.ts';
import { type ReconcileWorld, reconcileWorld } from './scene.ts';

let { database, store, world, run, queue, settings, parts } = {} as ReconcileWorld;
test.beforeEach(({ given }) => {
  ({ database, store, world, run, queue, settings, parts } = reconcileWorld(given));
});

const region = 'eu-west-1';
const key = `region-${one}-${region}`;
const probe = `DescribeSecurityGroupsCommand ${one} ${region}`;
const probes = () => world.deniedCalls.filter((call) => call === probe).length;
const ready = async (of: string) => (await store.stacks.get(of))?.conditions.Ready;
const strict = { rollout: { waves: [], maxFailures: 0, maxFailurePercent: 0 } };
/** As if the last look was so long ago. */
const age = (hours: number) =>
  database.query(`update stack set updated_at = updated_at - $1::interval`, [`${hours} hours`]);
const coverageOf = async () => {
  const { items } = await store.fleet.cells(settings.layout, { account: one }, { limit: 10 });
  return Object.fromEntries(items.map((cell) => [cell.region, cell.coverage]));
};

describe('a Region that a service control policy denies', () => {
  beforeEach(() => {
    world.denied.add(`${one} ${region}`);
  });

  test('is no failure of a run, costs no operation, stays desired and counts as not covered', async () => {
    const done = await run(strict);
    expect(done).toMatchObject({ state: 'succeeded' });
    expect(done.stateOf(key)).toBe('skipped');
    expect(done.stateOf(`region-${one}-us-east-1`)).toBe('succeeded');
    expect(world.operations).not.toContain(`up ${key}`);
    expect(await store.stacks.get(key)).toMatchObject({ failures: 0, generation: null });
    expect(await ready(key)).toMatchObject({
      status: 'False',
      reason: 'RegionDenied',
      message: expect.stringContaining(scpWords),
    });
    const { conditions } = (await store.accounts.get(one)) ?? {};
    expect(conditions?.Ready).toMatchObject({ status: 'False', reason: 'RegionDenied' });
    expect(await coverageOf()).toMatchObject({ [region]: 'not-covered' });
    expect(queue.waiting()).toContain(key);
  });

  test('is asked once a day, and at once when a run repairs it', async () => {
    await run();
    const first = probes();
    await run({ onlyChanged: true });
    await run({ onlyChanged: true });
    expect(probes()).toBe(first);
    await run({ onlyChanged: false, scope: { accounts: [one] } });
    expect(probes()).toBe(first + 1);
    await age(25);
    await run({ onlyChanged: true });
    expect(probes()).toBe(first + 2);
  });

  test('is deployed by the first look after the policy is detached', async () => {
    await run();
    world.denied.clear();
    await run({ onlyChanged: true });
    expect(await ready(key)).toMatchObject({ reason: 'RegionDenied' });
    await age(25);
    await run({ onlyChanged: true });
    expect(await ready(key)).toMatchObject({ status: 'True' });
    expect((await store.accounts.get(one))?.conditions.Ready).toMatchObject({ status: 'True' });
  });
});

describe('a stack of which a policy denies single calls', () => {
  beforeEach(() => {
    world.broken.add(key);
    world.breaksWith = scpWords;
  });

  test('is not called Region-denied, and never counts as a failure', async () => {
    for (let times = 0; times < 6; times += 1) {
      const done = await run(strict);
      expect(done).toMatchObject({ state: 'failed', message: '1 could not be reached' });
      expect(done.stateOf(key)).toBe('unreachable');
    }
    expect(await ready(key)).toMatchObject({ status: 'False', reason: 'DeniedByScp' });
    const { failures, conditions } = (await store.stacks.get(key)) ?? {};
    expect(failures).toBe(0);
    expect(conditions?.Stalled?.status).toBe('False');
    expect((await store.accounts.get(one))?.conditions.Ready?.reason).toBe('DeniedByScp');
  });

  test('is tried again after a day', async () => {
    await run();
    world.broken.clear();
    await run({ onlyChanged: true });
    expect(await ready(key)).toMatchObject({ reason: 'DeniedByScp' });
    await age(25);
    await run({ onlyChanged: true });
    expect(await ready(key)).toMatchObject({ status: 'True' });
  });

  test('is called Region-denied where its security groups cannot be read either', async () => {
    world.denied.add(`${one} ${region}`);
    await store.accounts.setRegions(one, []);
    const trailsSeen = { ...parts.aws, cloudTrail: async () => ({ send: async () => ({ trailList: [] }) }) };
    Object.assign(parts, { aws: trailsSeen });
    expect((await run()).stateOf(key)).toBe('skipped');
    expect(await ready(key)).toMatchObject({ reason: 'RegionDenied' });
    expect(world.operations).toContain(`up ${key}`);
  });
});

describe('a denied Region in an account stack', () => {
  beforeEach(() => {
    Object.assign(settings, { layout: 'account' });
  });
  /** The Regions that each account's stack was made with last, from now on. */
  const madeCells = () => {
    const made = new Map<string, string[]>();
    world.up = async ({ key: of, arguments: args }) => {
      if (args.kind !== 'account') return;
      const regions = args.cells.map((cell) => cell.region);
      made.set(of, regions);
    };
    return (id: string) => made.get(`account-${id}`);
  };

  test('is left out of it, counts as not covered, and enters it once it is open', async () => {
    const cellsOf = madeCells();
    world.denied.add(`${one} ${region}`);
    expect(await run(strict)).toMatchObject({ state: 'succeeded' });
    expect(cellsOf(one)).toEqual(['us-east-1']);
    expect(cellsOf(two)).toEqual(['us-east-1', region]);
    expect(await coverageOf()).toMatchObject({ [region]: 'not-covered' });
    world.denied.clear();
    await run();
    expect(cellsOf(one)).toEqual(['us-east-1', region]);
  });

  test('stays in it where it was made before', async () => {
    await run();
    const cellsOf = madeCells();
    world.denied.add(`${one} ${region}`);
    await run();
    expect(cellsOf(one)).toEqual(['us-east-1', region]);
    expect(await coverageOf()).toMatchObject({ [region]: 'not-covered' });
  });
});
