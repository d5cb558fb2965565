import { afterEach, expect } from 'vitest';
import type { Engine } from '../../../../controlplane/pulumi/engine.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseEngine, databaseTest as test } from '../../../worlds/database.ts';
import { createWorld } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { startScheduler } from './world.ts';

type Scheduler = Awaited<ReturnType<typeof startScheduler>>;
const ttlMs = 1_500;
const rest = (ms: number) => new Promise((done) => setTimeout(done, ms));

const kind = databaseEngine();
let database: Database;
let store: Store;
const living: Scheduler[] = [];
test.beforeEach(async ({ database: given }) => {
  database = given;
  store = openStore(database);
}, 60_000);
afterEach(async () => {
  for (const each of living.splice(0)) await each.stop();
});

test('a roll-out whose workers are killed at random ends, and no stack is made by two of them at once', {
  timeout: 400_000,
}, async () => {
  const made = createWorld(store, database);
  const accounts = kind === 'pglite' ? 8 : 20;
  for (let index = 3; index <= accounts; index += 1)
    made.world.accounts.set(String(300_000_000_000 + index), 'ACTIVE');
  const running = new Map<string, object>();
  const wrong: string[] = [];
  let cut = 0;

  /** An engine of one process: what it has under way ends with the process. */
  const start = async () => {
    const process = { dead: false };
    const operate: Engine['operate'] = async (operation, signal) => {
      const { stack } = operation;
      const other = running.get(stack.key);
      if (other) wrong.push(`${stack.key} is made twice at once`);
      if (made.world.operations.includes(`cut ${stack.key}`) && !operation.recover)
        wrong.push(`${stack.key}: no recovery`);
      running.set(stack.key, process);
      await rest(60 + Math.random() * 200);
      if (process.dead) throw new Error('killed');
      running.delete(stack.key);
      made.world.operations = made.world.operations.filter((each) => each !== `cut ${stack.key}`);
      return made.parts.engine.operate(operation, signal);
    };
    const parts = {
      ...made.parts,
      engine: { ...made.parts.engine, operate },
      attempts: { counted: 3, transient: 10 },
    };
    const scheduler = await startScheduler(database, { ...made, parts }, ttlMs);
    living.push(scheduler);
    return async () => {
      process.dead = true;
      for (const [key, owner] of running) {
        if (owner !== process) continue;
        running.delete(key);
        made.world.operations.push(`cut ${key}`);
        cut += 1;
      }
      living.splice(living.indexOf(scheduler), 1);
      await scheduler.kill();
    };
  };

  const kills = [await start(), await start()];
  const run = await living[0]?.runs.request({
    kind: 'reconcile',
    scope: {},
    onlyChanged: false,
    requestedBy: 'a test',
  });
  const id = run?.id ?? '';
  const over = async () => !['queued', 'running'].includes((await store.runs.get(id))?.state ?? '');
  for (let death = 0; death < 5 && !(await over()); death += 1) {
    await until(async () => running.size > 1 || (await over()), 300_000);
    await rest(Math.random() * 200);
    await kills.shift()?.();
    kills.push(await start());
    // As pg-boss finds once the heartbeats are too old; those of the living are given out twice by that as well.
    await rest(ttlMs);
    await database.query(
      `update queue.job set heartbeat_on = now() - interval '40 s' where state = 'active'`,
    );
    await living.at(-1)?.runs.takeUp();
  }
  await until(over, 300_000);
  expect(wrong).toEqual([]);
  expect(cut).toBeGreaterThan(0);
  expect(await store.runs.get(id)).toMatchObject({ state: 'succeeded', message: null });
  const stacks = await store.stacks.list();
  expect(stacks).toHaveLength(1 + (accounts + 2) * 3);
  for (const { key, conditions, operationStartedAt, failures } of stacks) {
    expect({ key, ready: conditions.Ready?.status, operationStartedAt, failures }).toEqual({
      ...{ key, ready: 'True', operationStartedAt: null, failures: 0 },
    });
  }
  for (const { key, state } of await store.runStacks.of(id))
    expect(`${key} ${state}`).toMatch(/ (succeeded|unchanged)$/);
});
