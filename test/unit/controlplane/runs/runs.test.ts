import { afterEach, describe, expect, vi } from 'vitest';
import type { RolloutPlan } from '../../../../controlplane/settings/rollout.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Run } from '../../../../controlplane/store/runs.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { forgetJobs, startScheduler } from './world.ts';

const canary: RolloutPlan = { waves: [one], maxFailures: 0 };

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
let scheduler: Awaited<ReturnType<typeof startScheduler>>;
test.beforeEach(async ({ database: given }) => {
  database = given;
  store = openStore(database);
  made = createWorld(store, database);
  await forgetJobs(database);
  scheduler = await startScheduler(database, made);
}, 60_000);
afterEach(() => scheduler?.stop());

const ask = (rollout: RolloutPlan) =>
  scheduler.runs.request({
    kind: 'reconcile',
    scope: {},
    onlyChanged: false,
    requestedBy: 'a person',
    rollout,
  });
const state = async ({ id }: Run) => (await store.runs.get(id))?.state;
const reaches = ({ id }: Run, wanted: string) => until(async () => (await state({ id } as Run)) === wanted);
const states = async ({ id }: Run) =>
  Object.fromEntries((await store.runStacks.of(id)).map((stack) => [stack.key, stack.state]));
const touched = (id: string) => made.world.operations.filter((operation) => operation.includes(id));
/** A run whose canary has begun, and goes on when `go` is called. */
async function startHeldCanary() {
  const { promise: held, resolve: go } = Promise.withResolvers<void>();
  made.world.before = (key) => (key === `account-${one}` ? held : Promise.resolve());
  const run = await ask(canary);
  await until(() => touched(one).length === 1);
  return { run, go };
}

describe('a roll-out in waves', () => {
  test('makes the canary with its Regions before any other account', async () => {
    const run = await ask(canary);
    await reaches(run, 'succeeded');
    const { operations } = made.world;
    const last = Math.max(...touched(one).map((operation) => operations.indexOf(operation)));
    const others = operations.filter((operation) => operation !== 'up hub' && !operation.includes(one));
    expect(touched(one)).toHaveLength(3);
    expect(others).toHaveLength(9);
    for (const operation of others) expect(operations.indexOf(operation)).toBeGreaterThan(last);
  });

  test('whose canary fails is paused with nothing else touched; resumed, it goes on', async () => {
    made.world.broken.add(`region-${one}-eu-west-1`);
    const run = await ask(canary);
    await reaches(run, 'paused');
    expect((await store.runs.get(run.id))?.message).toContain('1 stacks failed in wave 1');
    expect(touched(two)).toEqual([]);
    expect(await states(run)).toMatchObject({ [`account-${two}`]: 'pending' });
    await scheduler.runs.resume(run.id, 'a person');
    await reaches(run, 'failed');
    expect((await store.runs.get(run.id))?.message).toBe('1 failed');
    expect(touched(two)).toHaveLength(3);
  });

  test('that is paused by a person begins nothing more, and finishes what is under way', async () => {
    const { run, go } = await startHeldCanary();
    await scheduler.runs.pause(run.id, 'a person');
    await expect(scheduler.runs.pause(run.id, 'a person')).rejects.toThrow(/is paused/);
    go();
    await until(async () => (await states(run))[`account-${one}`] === 'succeeded');
    expect(touched(two)).toEqual([]);
    await scheduler.runs.resume(run.id, 'a person');
    await expect(scheduler.runs.resume(run.id, 'a person')).rejects.toThrow(/conflict|is running/);
    await reaches(run, 'succeeded');
    expect(Object.values(await states(run)).sort()).not.toContain('admitted');
    await expect(scheduler.runs.cancel(run.id, 'a person')).rejects.toThrow(/is succeeded/);
  });

  test('that is cancelled ends what is under way, skips the rest, and leaves nothing waiting', async () => {
    const { run, go } = await startHeldCanary();
    await scheduler.runs.cancel(run.id, 'a person');
    go();
    await until(async () => (await states(run))[`account-${one}`] === 'succeeded');
    await until(async () => {
      const left = `select 1 from queue.job where name = 'key' and (state = 'active' or start_after <= now())`;
      return (await database.query(left)).length === 0;
    });
    expect(await state(run)).toBe('cancelled');
    expect(touched(two)).toEqual([]);
    const open = ['pending', 'admitted', 'running'];
    expect(Object.entries(await states(run)).filter(([, each]) => open.includes(each))).toEqual([]);
  });

  test('that is cancelled has nothing left to be tried again: what fails then has failed', async () => {
    await scheduler.stop();
    const parts = { ...made.parts, attempts: { counted: 3, transient: 3 } };
    scheduler = await startScheduler(database, { ...made, parts });
    let go = () => {};
    const held = new Promise<void>((done) => {
      go = done;
    });
    made.world.before = (key) => (key === `account-${one}` ? held : Promise.resolve());
    made.world.broken.add(`account-${one}`);
    const run = await ask(canary);
    await until(() => touched(one).length === 1);
    await scheduler.runs.cancel(run.id, 'a person');
    go();
    await until(async () => (await states(run))[`account-${one}`] === 'failed');
  });

  test('with admitted keys that were never enqueued has them enqueued by the worker that resumes it', async () => {
    const keys = [`account-${one}`, `account-${two}`];
    await reaches(await ask({}), 'succeeded');
    made.world.operations.length = 0;
    const { run } = await store.runs.createUnlessWaiting({
      ...{ kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'a person' },
    });
    await store.runs.start(run.id);
    await store.runStacks.plan(run.id, keys, 1, 'admitted');
    await store.runs.planned(run.id);
    await scheduler.queue.enqueueAfter(keys.map((key) => ({ key, afterMs: 3_600_000 })));
    await scheduler.runs.takeUp();
    await reaches(run, 'succeeded');
    expect([...touched(one), ...touched(two)]).toHaveLength(6);
  });

  test('that names an account that does not exist fails and changes nothing', async () => {
    const run = await ask({ waves: ['999999999999'] });
    await reaches(run, 'failed');
    expect((await store.runs.get(run.id))?.message).toContain('999999999999');
    expect(made.world.operations).toEqual([]);
  });

  test('has no more accounts under way at once than it may', async () => {
    for (let index = 3; index < 12; index += 1)
      made.world.accounts.set(String(300_000_000_000 + index), 'ACTIVE');
    let now = 0;
    let most = 0;
    made.world.before = async (key) => {
      if (!key.startsWith('account-')) return;
      now += 1;
      most = Math.max(most, now);
      await new Promise((done) => setTimeout(done, 20));
      now -= 1;
    };
    await reaches(await ask({ parallel: 2 }), 'succeeded');
    expect(most).toBe(2);
  });
});

describe('a stack that fails', () => {
  const key = `region-${one}-eu-west-1`;
  const record = async () => (await store.stacks.get(key))?.conditions;
  const upOf = () => touched(one).filter((operation) => operation.endsWith(key)).length;
  /** Enqueues it again and again, as the resync and events would. */
  const waken = async (times: number) => {
    for (let index = 0; index < times; index += 1) {
      await scheduler.queue.enqueue([key]);
      await until(
        async () =>
          (
            await database.query(
              `select 1 from queue.job where name = 'key' and singleton_key = $1 and (state = 'active' or start_after <= now())`,
              [key],
            )
          ).length === 0,
      );
    }
  };

  test('five times is left alone until a request or a new generation', async () => {
    await reaches(await ask({}), 'succeeded');
    made.world.broken.add(key);
    made.world.drift.set(key, [{ operation: 'deleted', type: 'a', name: 'r', properties: [] }]);
    await reaches(await ask({}), 'failed');
    await until(async () => (await record())?.Stalled?.status === 'True');
    const before = upOf();
    await waken(5);
    expect(upOf()).toBe(before);
    await reaches(await ask({}), 'failed');
    expect(upOf()).toBe(before + 1);
    const seen: unknown[] = [];
    made.world.before = async (each) => {
      if (each === key) seen.push((await record())?.Stalled?.status);
    };
    await scheduler.stop();
    made.world.programVersion = '2';
    scheduler = await startScheduler(database, made);
    await scheduler.queue.enqueue([key]);
    await until(async () => seen.length >= 5 && (await record())?.Stalled?.status === 'True');
    expect(seen).toEqual(Array(5).fill('False'));
    made.world.broken.clear();
    await reaches(await ask({}), 'succeeded');
    expect(await record()).toMatchObject({ Ready: { status: 'True' }, Stalled: { status: 'False' } });
  });

  test('five times is stalled, even when that was not recorded at the time', async () => {
    await reaches(await ask({}), 'succeeded');
    made.world.broken.add(key);
    await reaches(await ask({}), 'failed');
    await until(async () => (await record())?.Stalled?.status === 'True');
    await database.query(`update stack set conditions = conditions - 'Stalled' where key = $1`, [key]);
    await waken(1);
    await until(async () => (await record())?.Stalled !== undefined);
    expect((await record())?.Stalled).toMatchObject({ status: 'True', reason: 'FailedRepeatedly' });
  });

  test('by a transient AWS failure is never counted', async () => {
    await reaches(await ask({}), 'succeeded');
    await database.query(`update stack set conditions = conditions - 'Ready' where key = $1`, [key]);
    made.world.before = async (each) => {
      if (each === key) throw new Error('ThrottlingException: Rate exceeded');
    };
    const before = upOf();
    await waken(8);
    expect(upOf()).toBeGreaterThanOrEqual(before + 8);
    expect(await store.stacks.get(key)).toMatchObject({ failures: 0 });
    expect((await record())?.Stalled?.status).not.toBe('True');
  });
});
