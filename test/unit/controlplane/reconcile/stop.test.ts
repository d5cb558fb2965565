import { expect } from 'vitest';
import { keyWorker } from '../../../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { memoryQueue } from '../../../worlds/memory-queue.ts';
import { createWorld } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';

let database: Database;
let store: Store;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});

test('a stopped run finishes the stacks in progress, starts no other, and continues at the next start', async () => {
  const { world, run } = createWorld(store, database);
  const ended = new Set<string>();
  world.before = async (key) => {
    if (key === 'hub') return;
    world.stopping.abort();
    await new Promise((done) => setTimeout(done, key.endsWith('1') ? 50 : 300));
    ended.add(`up ${key}`);
  };
  const done = await run();
  expect(done.state).toBe('running');
  const begun = world.operations.filter((operation) => operation !== 'up hub');
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.filter((operation) => operation.includes('region-'))).toEqual([]);
  expect([...ended].sort()).toEqual(begun.sort());
  for (const { key, operationStartedAt } of await store.stacks.list())
    expect(operationStartedAt, key).toBeNull();
});

test('an unknown account in the scope is rejected at once', async () => {
  const { run } = createWorld(store, database);
  const byPerson = await run({ scope: { accounts: ['300000000009'] } });
  expect(byPerson.message).toContain('300000000009');
});

test('an account that cannot be reached does not hold up another', async () => {
  const { world, run } = createWorld(store, database);
  world.unreachable.add('300000000001');
  const done = await run();
  expect(done.state).toBe('failed');
  expect(done.stateOf('region-300000000002-eu-west-1')).toBe('succeeded');
});

test('a stopped worker ends its work at once, even when the queue does not answer', async () => {
  const log = makeLogger('silent');
  const queue = memoryQueue();
  const leases = openLeases(database, log);
  const ended: string[] = [];
  let asked = 0;
  const fetch = async (most: number) => (++asked === 1 ? queue.fetch(most) : new Promise<never>(() => {}));
  const worker = keyWorker({
    ...{ queue: { ...queue, fetch }, leases, log, concurrent: 2, pollMs: 5 },
    reconcile: async (key, { signal }) => {
      await new Promise((done) => signal.addEventListener('abort', done));
      ended.push(key);
      throw signal.reason;
    },
  });
  await queue.enqueue(['hub']);
  await worker.start();
  await until(() => asked === 2);
  void worker.stop(30_000);
  await until(() => ended.length > 0, 30_000);
  await until(
    async () => (await database.query(`select 1 from lease where expires_at > now()`)).length === 0,
  );
  expect(queue.waiting()).toEqual(['hub']);
  await leases.stop();
});
