import type { PgBoss } from 'pg-boss';
import { reasonOf } from '../settings/errors.ts';
import { awaited, placeOfKey } from '../stacks/key.ts';
import type { Database, Query } from '../store/database/database.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Boss } from './boss.ts';

/** A waiting key: one worker fetches it, and another if that worker dies. */
export interface KeyJob {
  readonly id: string;
  /** The attempt at the job. Only the current attempt can complete it. */
  readonly retryCount: number;
  readonly key: string;
  readonly priority: number;
}

export const priorities = { onboarding: 100, request: 50, rollout: 10, resync: 0 } as const;

export interface DelayedKey {
  readonly key: string;
  readonly afterMs: number;
  readonly priority?: number | undefined;
  /** Moves an already waiting key forward, because of a request that is still open. */
  readonly pullForward?: boolean | undefined;
}

/** A key waits at most once. */
export interface KeyQueue {
  /** Makes the keys due now, including those enqueued for later. */
  enqueue(keys: readonly string[], priority?: number): Promise<void>;
  /** Makes the keys due after a delay. A waiting key keeps its time, unless `pullForward` moves it forward. */
  enqueueAfter(keys: readonly DelayedKey[]): Promise<void>;
  /** Due keys, the most urgent first. */
  fetch(most: number): Promise<KeyJob[]>;
  /** Deletes the jobs. */
  complete(jobs: readonly KeyJob[]): Promise<void>;
  /** Renews the heartbeat of jobs. Another worker takes a job without a heartbeat for half a minute. */
  touch(jobs: readonly KeyJob[]): Promise<void>;
  /** Makes all active jobs due again: for a start on a database without other processes. */
  reclaim(): Promise<void>;
  /** Called when this process adds a key, so that the worker fetches at once. */
  onAdded(listener: () => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const name = 'key';
const day = 24 * 3600;

/** All keys of an account are one group: the limit per account counts groups. */
const groupOf = (key: string) => {
  const account = placeOfKey(awaited(key).key)?.accountId;
  return account ? { group: { id: account } } : {};
};

/** Statements over many keys use the same order, to prevent deadlocks. */
const inOrder = (keys: Iterable<string>): string[] => [...new Set(keys)].sort();

/** Per statement. */
const most = 1000;

/** Moves waiting keys forward, never back, and never lowers a priority. Returns the waiting keys. */
async function pullForward(
  query: Query,
  keys: readonly string[],
  priority: number,
  afterMs = 0,
): Promise<Set<string>> {
  const rows = await query<{ key: string }>(
    `with waiting as (
       select id, singleton_key as key from queue.job
       where name = '${name}' and state < 'active' and singleton_key = any($1) order by singleton_key for update
     ), moved as (
       update queue.job as job
       set start_after = least(job.start_after, now() + $3::interval), priority = greatest(job.priority, $2)
       from waiting where job.name = '${name}' and job.id = waiting.id and job.state < 'active'
         and (job.start_after > now() + $3::interval or job.priority < $2)
     ) select key from waiting`,
    [keys, priority, `${afterMs} milliseconds`],
  );
  return new Set(rows.map(({ key }) => key));
}

/** Added or removed keys until the next maintenance, and the minimum time until then in milliseconds. */
const maintenanceAfter = { keys: 2_000, ms: 30_000 };

/** Without statistics each fetch sorts the whole queue. PGlite has no autovacuum, so it also vacuums. */
function maintenance({ kind, query }: Pick<Database, 'kind' | 'query'>, log: Logger) {
  const statement =
    kind === 'pglite' ? 'vacuum (analyze) queue.job, lease, stack' : 'analyze (skip_locked) queue.job';
  let changed = 0;
  let nextAt = 0;
  return (keys: number) => {
    changed += keys;
    if (changed < maintenanceAfter.keys || performance.now() < nextAt) return;
    changed = 0;
    nextAt = performance.now() + maintenanceAfter.ms;
    query(statement).catch((error) => log.warn({ error: reasonOf(error) }, 'queue statistics'));
  };
}

function additions(
  database: Pick<Database, 'kind' | 'query'>,
  pgBoss: PgBoss,
  log: Logger,
): Pick<KeyQueue, 'enqueue' | 'enqueueAfter' | 'onAdded'> {
  let added = () => {};
  const changed = maintenance(database, log);
  return {
    async enqueue(keys, priority = priorities.resync) {
      const sorted = inOrder(keys);
      for (let at = 0; at < sorted.length; at += most) {
        const some = sorted.slice(at, at + most);
        const waiting = await pullForward(database.query, some, priority);
        const missing = some.filter((key) => !waiting.has(key));
        if (missing.length === 0) continue;
        const jobs = missing.map((key) => ({ singletonKey: key, priority, ...groupOf(key) }));
        const added = await pgBoss.insert(name, jobs);
        changed(missing.length);
        // Another worker added one meanwhile, perhaps with a delay.
        if ((added?.length ?? 0) < missing.length) await pullForward(database.query, missing, priority);
      }
      if (keys.length > 0) added();
    },
    async enqueueAfter(keys) {
      const jobs = keys
        .map(({ key, afterMs, priority = priorities.resync }) => ({
          singletonKey: key,
          startAfter: Math.ceil(afterMs / 1000),
          priority,
          ...groupOf(key),
        }))
        .sort((a, b) => (a.singletonKey < b.singletonKey ? -1 : 1));
      for (let at = 0; at < jobs.length; at += most) await pgBoss.insert(name, jobs.slice(at, at + most));
      changed(jobs.length);
      for (const { key, afterMs, priority = priorities.resync } of keys.filter(
        ({ pullForward }) => pullForward,
      ))
        await pullForward(database.query, [key], priority, Math.round(afterMs));
      if (keys.some(({ afterMs }) => afterMs <= 0)) added();
    },
    onAdded(listener) {
      added = listener;
    },
  };
}

function jobsUnderWay(
  database: Pick<Database, 'query'>,
  pgBoss: PgBoss,
): Pick<KeyQueue, 'complete' | 'touch' | 'reclaim'> {
  return {
    async complete(jobs) {
      if (jobs.length === 0) return;
      // Deleted rather than kept as completed: a resync of a large fleet would leave a row per cell.
      await database.query(
        `delete from queue.job as job using unnest($1::uuid[], $2::int[]) as done (id, attempt)
         where job.name = '${name}' and job.id = done.id and job.retry_count = done.attempt and job.state = 'active'`,
        [jobs.map(({ id }) => id), jobs.map(({ retryCount }) => retryCount)],
      );
    },
    async touch(jobs) {
      if (jobs.length > 0)
        await pgBoss.touch(
          name,
          jobs.map(({ id, retryCount }) => ({ id, retryCount })),
        );
    },
    async reclaim() {
      const rows = await database.query<{ id: string }>(
        `select id from queue.job where name = '${name}' and state = 'active'`,
      );
      if (rows.length > 0)
        await pgBoss.fail(
          name,
          rows.map(({ id }) => id),
        );
    },
  };
}

interface KeyQueueSettings {
  readonly perAccount?: number;
  /** Another worker takes a job without a heartbeat for this long; at least 10. */
  readonly heartbeatSeconds?: number;
}

/** Starts nothing. */
export function keyQueue(
  database: Pick<Database, 'kind' | 'query'>,
  boss: Boss,
  log: Logger,
  { perAccount = 8, heartbeatSeconds = 30 }: KeyQueueSettings = {},
): KeyQueue {
  const { jobs: pgBoss } = boss;
  return {
    ...additions(database, pgBoss, log),
    async fetch(batchSize) {
      const jobs = await pgBoss.fetch(name, {
        batchSize,
        includeMetadata: true,
        groupConcurrency: perAccount,
      });
      return jobs.map(({ id, retryCount, singletonKey, priority }) => ({
        id,
        retryCount,
        key: singletonKey ?? '',
        priority,
      }));
    },
    ...jobsUnderWay(database, pgBoss),
    async start() {
      await boss.start(name);
      await pgBoss.createQueue(name, {
        policy: 'short',
        // A key whose worker died is never given up: its intent is in the store.
        retryLimit: 1_000_000,
        expireInSeconds: day - 1,
        heartbeatSeconds,
        deleteAfterSeconds: 3600,
        retentionSeconds: 365 * day,
      });
    },
    stop: () => boss.stop(name),
  };
}
