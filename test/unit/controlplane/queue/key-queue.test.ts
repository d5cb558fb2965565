import { afterEach, expect, vi } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import {
  type KeyJob,
  type KeyQueue,
  keyQueue,
  priorities,
} from '../../../../controlplane/queue/key-queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseEngine, databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';

const log = makeLogger('silent');
const minute = 60_000;

vi.setConfig({ testTimeout: 60_000 });

const kind = databaseEngine();
let database: Database;
let queue: KeyQueue;
const opened: KeyQueue[] = [];
const open = async () => {
  const made = keyQueue(database, openBoss(database, log, 1), log, { perAccount: 3 });
  opened.push(made);
  await made.start();
  return made;
};
test.beforeEach(async ({ database: given }) => {
  database = given;
  queue = await open();
  await database.query('delete from queue.job');
}, 60_000);
afterEach(async () => {
  for (const each of opened.splice(0)) await each.stop();
});

const keysOf = (jobs: readonly KeyJob[]) => jobs.map(({ key }) => key).sort();
const waiting = async () => {
  const sql = `select singleton_key as key, priority from queue.job where name = 'key' and state < 'active' order by 1`;
  return database.query<{ key: string; priority: number }>(sql);
};
/** As if the worker that fetched it had died a while ago. */
const bury = ({ id }: KeyJob) =>
  database.query(`update queue.job set heartbeat_on = now() - interval '40 s' where id = $1`, [id]);
const givenOut = async (key: string) => {
  let jobs: KeyJob[] = [];
  await until(async () => {
    jobs = await queue.fetch(10);
    return jobs.some((job) => job.key === key);
  });
  return jobs.find((job) => job.key === key) as KeyJob;
};

test('what a dead process worked on is given out again at once, once, with its priority', async () => {
  await queue.enqueue(['hub'], priorities.request);
  await queue.enqueue(['organization']);
  const before = await queue.fetch(10);
  await queue.enqueue(['hub']); // while it was worked on
  const next = await open();
  await next.reclaim();
  const fetched = [...(await next.fetch(10)), ...(await next.fetch(10))];
  expect(keysOf(fetched.filter(({ priority }) => priority === priorities.request))).toEqual(['hub']);
  expect([...new Set(keysOf(fetched))]).toEqual(['hub', 'organization']);
  // The dead one's settling comes too late.
  await queue.complete(before);
  await next.complete(fetched);
  expect(await waiting()).toEqual([]);
  await next.reclaim();
  expect(await next.fetch(10)).toEqual([]);
});

test('a key waits once, for any number of requests', async () => {
  await queue.enqueue(['hub', 'organization', 'hub']);
  await queue.enqueue(['hub'], priorities.onboarding);
  await queue.enqueueAfter([{ key: 'hub', afterMs: minute }]);
  const other = await open();
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? queue : other).enqueue(['hub', 'organization'])),
  );
  expect(keysOf(await queue.fetch(10))).toEqual(['hub', 'organization']);
  expect(await queue.fetch(10)).toEqual([]);
});

test('a key that waits for a later time is moved forward by an enqueue, and not moved back by a later one', async () => {
  await queue.enqueueAfter([{ key: 'hub', afterMs: minute }]);
  expect(await queue.fetch(10)).toEqual([]);
  await queue.enqueue(['hub']);
  await queue.enqueueAfter([{ key: 'hub', afterMs: minute }]);
  expect(keysOf(await queue.fetch(10))).toEqual(['hub']);
});

test('a key of an open request moves forward what waits for a later time, and never moves it back', async () => {
  await queue.enqueueAfter([{ key: 'hub', afterMs: 60 * minute }]);
  await queue.enqueueAfter([{ key: 'hub', afterMs: 1, priority: priorities.rollout, pullForward: true }]);
  await queue.enqueueAfter([{ key: 'hub', afterMs: 60 * minute, pullForward: true }]);
  expect(await givenOut('hub')).toMatchObject({ priority: priorities.rollout });
});

test('a look that is asked for later comes no later than the one that waits', async () => {
  await queue.enqueueAfter([{ key: 'hub', afterMs: 1 }]);
  await queue.enqueueAfter([{ key: 'hub', afterMs: minute }]);
  expect((await givenOut('hub')).key).toBe('hub');
});

test('the most urgent comes first, and an enqueue never makes a key less urgent', async () => {
  await queue.enqueue(['resync']);
  await queue.enqueue(['rollout'], priorities.rollout);
  await queue.enqueue(['new'], priorities.onboarding);
  await queue.enqueue(['asked'], priorities.request);
  await queue.enqueue(['new', 'rollout']);
  const order: (string | undefined)[] = [];
  for (let left = 4; left > 0; left -= 1) order.push((await queue.fetch(1))[0]?.key);
  expect(order).toEqual(['new', 'asked', 'rollout', 'resync']);
});

test('a key enqueued while it is under way waits once more; ending the job does not lose it', async () => {
  await queue.enqueue(['hub']);
  const [job] = await queue.fetch(1);
  await queue.enqueue(['hub']);
  await queue.enqueue(['hub']);
  await queue.complete([job as KeyJob]);
  expect(keysOf(await queue.fetch(10))).toEqual(['hub']);
  expect(await queue.fetch(10)).toEqual([]);
});

test("a job whose worker died is given out again, and the dead worker's end of it changes nothing", async () => {
  await queue.enqueue(['hub']);
  const [dead] = (await queue.fetch(1)) as [KeyJob];
  await bury(dead);
  const again = await givenOut('hub');
  expect(again.retryCount).toBe(dead.retryCount + 1);
  await queue.complete([dead]);
  await queue.touch([dead]);
  const active = `select 1 from queue.job where name = 'key' and state = 'active'`;
  expect(await database.query(active)).toHaveLength(1);
  await queue.complete([again]);
  await queue.complete([again]);
  expect(await database.query(`select 1 from queue.job where name = 'key'`)).toEqual([]);
});

test('a job that is touched stays with its worker', async () => {
  await queue.enqueue(['hub', 'organization']);
  const jobs = await queue.fetch(2);
  for (const job of jobs) await bury(job);
  await queue.touch(jobs.filter(({ key }) => key === 'hub'));
  await givenOut('organization');
  expect(await queue.fetch(10)).toEqual([]);
});

test('a key enqueued between the death of its worker and the next fetch is fetched once, and nothing is left over', async () => {
  await queue.enqueue(['hub']);
  const [dead] = (await queue.fetch(1)) as [KeyJob];
  await bury(dead);
  await queue.enqueue(['hub']);
  await until(async () => (await waiting()).length === 2);
  await queue.enqueue(['hub'], priorities.onboarding);
  expect(await waiting()).toMatchObject([{ priority: 100 }, { priority: 100 }]);
  await queue.complete(await queue.fetch(10));
  expect(await database.query(`select 1 from queue.job where name = 'key'`)).toEqual([]);
});

test('so many keys of one account are under way at once at most, and others are not held up by them', async () => {
  const regions = ['a', 'b', 'c', 'd', 'e', 'f'].map((region) => `region-300000000001-${region}`);
  await queue.enqueue(['account-300000000001', ...regions], priorities.onboarding);
  await queue.enqueue(['account-300000000002', 'hub']);
  const got: KeyJob[] = [];
  for (let round = 0; round < 5; round += 1) got.push(...(await queue.fetch(4)));
  expect(got.filter(({ key }) => key.includes('300000000001'))).toHaveLength(3);
  expect(keysOf(got)).toEqual(expect.arrayContaining(['account-300000000002', 'hub']));
  await queue.complete(got);
  expect(await queue.fetch(10)).toHaveLength(3);
});

test('after ten thousand enqueues of a hundred keys that are under way each waits once', {
  timeout: 120_000,
}, async () => {
  const keys = Array.from({ length: 100 }, (_, index) => `account-${300_000_000_000 + index}`);
  await queue.enqueue(keys);
  const jobs = await queue.fetch(100);
  expect(jobs).toHaveLength(100);
  const calls = Array.from(
    { length: 1_000 },
    (_, call) => () =>
      queue.enqueue(
        Array.from({ length: 10 }, (_, index) => keys[(call * 37 + index * 11) % 100] as string),
        call % 3,
      ),
  );
  const side = kind === 'pglite' ? 1 : 8;
  const callAll = async () => {
    for (let call = calls.pop(); call; call = calls.pop()) await call();
  };
  await Promise.all(Array.from({ length: side }, callAll));
  await queue.complete(jobs);
  const again = await queue.fetch(1_000);
  expect(keysOf(again)).toEqual(keys);
});

test('after two thousand keys were added the queue has statistics, and PGlite is vacuumed', async () => {
  const table = async () => {
    const sql = `select sum(greatest(reltuples, 0))::int as rows,
        (select sum(vacuum_count)::int from pg_stat_all_tables where schemaname = 'queue') as vacuums
      from pg_class where oid in (select relid from pg_partition_tree('queue.job'))`;
    const [row] = await database.query<{ rows: number; vacuums: number }>(sql);
    return row ?? { rows: 0, vacuums: 0 };
  };
  const before = await table();
  const keys = Array.from({ length: 2_000 }, (_, index) => `account-${300_000_000_000 + index}`);
  await queue.enqueue(keys);
  await until(async () => (await table()).rows >= before.rows + 2_000);
  if (kind === 'pglite') await until(async () => (await table()).vacuums > before.vacuums);
});

test('a listener is called when this process adds a key', async () => {
  let reported = 0;
  queue.onAdded(() => {
    reported += 1;
  });
  await queue.enqueue([]);
  await queue.enqueueAfter([{ key: 'hub', afterMs: minute }]);
  expect(reported).toBe(0);
  await queue.enqueue(['hub']);
  await queue.enqueueAfter([{ key: 'organization', afterMs: 0 }]);
  expect(reported).toBe(2);
});
