import { afterEach, describe, expect, vi } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import { keyWorker, type ReconcileKey } from '../../../../controlplane/queue/key-worker.ts';
import { type Leases, openLeases } from '../../../../controlplane/queue/leases.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';

const log = makeLogger('silent');
const rest = (ms: number) => new Promise((done) => setTimeout(done, ms));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A worker with everything of its own, as in a process of its own. */
async function startWorker(database: Database, reconcile: ReconcileKey, settings = {}, heldMs = 20) {
  const queue = keyQueue(database, openBoss(database, log, 1), log, { perAccount: 100 });
  await queue.start();
  const leases: Leases = openLeases(database, log, { ttlMs: 3_000, ...settings });
  const worker = keyWorker({
    queue,
    leases,
    reconcile,
    log,
    concurrent: 12,
    pollMs: 20,
    heldMs,
  });
  await worker.start();
  closing.push(async () => {
    await worker.stop(1_000);
    await leases.stop();
    await queue.stop();
  });
  return { queue, leases, worker };
}

/** Numbers from 0 to 1, the same each time. */
function dice(seed: number) {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
  const queue = keyQueue(database, openBoss(database, log), log);
  await queue.start();
  await queue.stop();
  await database.query('delete from queue.job');
}, 60_000);

const left = async () =>
  (
    await database.query<{ count: number }>(`select count(*)::int as count from queue.job where name = 'key'`)
  )[0]?.count;

test.each([1, 2])(
  'no key runs twice at once over two workers, and none is forgotten, seed %i',
  { timeout: 120_000 },
  async (seed) => {
    const random = dice(seed);
    const keys = Array.from({ length: 200 }, (_, index) => `account-${300_000_000_000 + index}`);
    const running = new Set<string>();
    const overlaps: string[] = [];
    /** What every key is to have seen in the end: the number of its last enqueue. */
    const wanted = new Map<string, number>();
    const seen = new Map<string, number>();
    let runs = 0;
    const reconcile: ReconcileKey = async (key) => {
      if (running.has(key)) overlaps.push(key);
      running.add(key);
      runs += 1;
      const saw = wanted.get(key) ?? 0;
      const drawn = random();
      await rest(drawn * 8);
      running.delete(key);
      if (drawn < 0.05) throw new Error('the store did not answer');
      seen.set(key, saw);
      if (drawn < 0.15)
        return { kind: 'requeueAfter', requeueAfterMs: 5, reason: 'Waiting', message: 'not yet' };
      return { kind: 'ok' };
    };
    const queues = [await startWorker(database, reconcile), await startWorker(database, reconcile)];
    for (let call = 1; call <= 150; call += 1) {
      const some = keys.filter(() => random() < 0.04);
      for (const key of some) wanted.set(key, call);
      await queues[call % 2]?.queue.enqueue(some, Math.floor(random() * 3) * 50);
      if (random() < 0.2) await rest(random() * 20);
    }
    await until(async () => (await left()) === 0, 90_000);
    expect(overlaps).toEqual([]);
    expect([...seen].filter(([key, saw]) => saw !== wanted.get(key))).toEqual([]);
    expect(seen.size).toBe(wanted.size);
    expect(runs).toBeGreaterThanOrEqual(wanted.size);
    const held = await database.query(`select 1 from lease where expires_at > now()`);
    expect(held).toEqual([]);
  },
);

test('a key enqueued many times while it runs runs once more, and sees what came last', async () => {
  const reported: number[] = [];
  let asked = 0;
  let go = () => {};
  const first = new Promise<void>((done) => {
    go = done;
  });
  const { queue } = await startWorker(database, async () => {
    reported.push(asked);
    if (reported.length === 1) await first;
    return { kind: 'ok' };
  });
  await queue.enqueue(['hub']);
  await until(() => reported.length === 1);
  for (asked = 1; asked <= 20; asked += 1) await queue.enqueue(['hub']);
  go();
  await until(async () => (await left()) === 0);
  expect(reported).toEqual([0, 21]);
});

test('a new account is worked on before the sweep that holds every place', async () => {
  const begun: string[] = [];
  const reconcile: ReconcileKey = async (key) => {
    begun.push(key);
    await rest(250);
    return { kind: 'ok' };
  };
  const { queue } = await startWorker(database, reconcile, { limits: { fleet: 2 } }, 1_000);
  await queue.enqueue(Array.from({ length: 60 }, (_, index) => `account-${300_000_000_000 + index}`));
  await until(() => begun.length >= 4);
  await queue.enqueue(['account-999999999999'], 100);
  const before = begun.length;
  await until(() => begun.includes('account-999999999999'));
  expect(begun.indexOf('account-999999999999') - before).toBeLessThanOrEqual(3);
  await queue.fetch(100); // the resync has no worker now
});

test('stopped, a worker has what is under way end and leaves its keys to be begun again at once', async () => {
  const begun: string[] = [];
  const { queue, worker } = await startWorker(database, async (key, lease) => {
    begun.push(key);
    await new Promise((_, fail) => lease.signal.addEventListener('abort', () => fail(new Error('aborted'))));
    return { kind: 'ok' };
  });
  await queue.enqueue(['hub', 'organization']);
  await until(() => begun.length === 2);
  await worker.stop(5_000);
  const again: string[] = [];
  await startWorker(database, async (key, { taken }) => {
    again.push(`${key} ${taken}`);
    return { kind: 'ok' };
  });
  await until(() => again.length === 2);
  expect(again.sort()).toEqual(['hub fresh', 'organization fresh']);
});

test('what does not end in time is left, and another worker takes it from the dead', {
  timeout: 90_000,
}, async () => {
  let begun = 0;
  const { queue, worker, leases } = await startWorker(database, async () => {
    begun += 1;
    await rest(1_000_000);
    return { kind: 'ok' };
  });
  await queue.enqueue(['hub']);
  await until(() => begun === 1);
  await worker.stop(100);
  await leases.stop();
  await database.query(`update queue.job set heartbeat_on = now() - interval '40 s' where state = 'active'`);
  const again: string[] = [];
  await startWorker(database, async (key, { taken }) => {
    again.push(`${key} ${taken}`);
    return { kind: 'ok' };
  });
  await until(() => again.length === 1, 80_000);
  expect(again).toEqual(['hub from-dead']);
});

describe('a database that refuses statements for a while', () => {
  test('costs no key and runs none twice at once', { timeout: 90_000 }, async () => {
    let well = true;
    const refused = async () => {
      throw new Error('the database does not answer');
    };
    const query: Database['query'] = (sql, parameters) =>
      well ? database.query(sql, parameters) : refused();
    const { db } = database.queueOptions;
    const executeSql = (sql: string, values?: unknown[]) =>
      well && db ? db.executeSql(sql, values) : refused();
    const flaky = {
      ...database,
      query,
      queueOptions: { ...database.queueOptions, db: { ...db, executeSql } },
    };
    const runs = new Map<string, number>();
    const running = new Set<string>();
    const overlaps: string[] = [];
    const { queue } = await startWorker(flaky as Database, async (key) => {
      if (running.has(key)) overlaps.push(key);
      running.add(key);
      await rest(30);
      running.delete(key);
      runs.set(key, (runs.get(key) ?? 0) + 1);
      return { kind: 'ok' };
    });
    const keys = Array.from({ length: 100 }, (_, index) => `account-${300_000_000_000 + index}`);
    await queue.enqueue(keys);
    for (let outage = 0; outage < 4; outage += 1) {
      await until(() => runs.size > outage * 12);
      well = false;
      await rest(150);
      well = true;
      // A fetched job is given out again once its heartbeat is too old.
      await database.query(
        `update queue.job set heartbeat_on = now() - interval '40 s' where state = 'active'`,
      );
    }
    await until(async () => (await left()) === 0, 80_000);
    expect(runs.size).toBe(100);
    expect(overlaps).toEqual([]);
  });
});
