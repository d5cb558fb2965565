import type { PgBoss } from 'pg-boss';
import { reasonOf } from '../settings/errors.ts';
import { awaited, placeOfKey } from '../stacks/key.ts';
import type { Database, Query } from '../store/database/database.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Boss } from './boss.ts';

/** A key that waits: fetched once by one worker, and again by another where that one dies. */
export interface KeyJob {
  readonly id: string;
  /** Which attempt at the job this is; what settles an earlier one settles nothing. */
  readonly retryCount: number;
  readonly key: string;
  readonly priority: number;
}

/** How much a key is in a hurry: new accounts go ahead of people's requests, those ahead of roll-outs and resyncs. */
export const priorities = { onboarding: 100, request: 50, rollout: 10, resync: 0 } as const;

export interface DelayedKey {
  readonly key: string;
  readonly afterMs: number;
  readonly priority?: number | undefined;
  /** Brings it forward where it waits for a later time: somebody asked for it, and that is still to be done. */
  readonly pullForward?: boolean | undefined;
}

/** Keys that wait to be reconciled. A key waits once, however often it is asked for. */
export interface KeyQueue {
  /** Has the keys reconciled as soon as may be, those as well that wait for a later time. */
  enqueue(keys: readonly string[], priority?: number): Promise<void>;
  /** Has the keys reconciled later, unless they wait already; what is owed then comes no later than asked for here. */
  enqueueAfter(keys: readonly DelayedKey[]): Promise<void>;
  /** Those that are due, the most urgent first. */
  fetch(most: number): Promise<KeyJob[]>;
  /** Ends jobs, so that nobody does them again. */
  complete(jobs: readonly KeyJob[]): Promise<void>;
  /** Shows that jobs are being worked on. One not touched for half a minute is given to another worker. */
  touch(jobs: readonly KeyJob[]): Promise<void>;
  /** Gives out again whatever was being worked on: for a start on a database that no other process has. */
  reclaim(): Promise<void>;
  /** Called when this process adds a key, so that nobody has to wait for the next look. */
  onAdded(listener: () => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const name = 'key';
const day = 24 * 3600;

/** An account's keys are one group, so that the number of its stacks under way at once can be limited. */
const groupOf = (key: string) => {
  const account = placeOfKey(awaited(key).key)?.accountId;
  return account ? { group: { id: account } } : {};
};

/** Statements over many keys take them in one order, or two of them could wait for each other. */
const inOrder = (keys: Iterable<string>): string[] => [...new Set(keys)].sort();

/** Keys in one statement at most. */
const most = 1000;

/** Brings forward those of the keys that wait, never back, and never makes them less urgent; which ones they are. */
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

/** Keys that come and go until the tables are seen to again, and how long until then at least, milliseconds. */
const maintenanceAfter = { keys: 2_000, ms: 30_000 };

/**
 * Has the database keep statistics of what waits, to be told how many keys came or went: without any, each fetch sorts
 * the whole queue. PGlite has no autovacuum, so it is made to clear away as well.
 */
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

/** What adds keys, or brings forward those that wait already. */
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
        // Somebody added one in between, for later perhaps.
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

/** What is done with the jobs that were fetched. */
function jobsUnderWay(
  database: Pick<Database, 'query'>,
  pgBoss: PgBoss,
): Pick<KeyQueue, 'complete' | 'touch' | 'reclaim'> {
  return {
    async complete(jobs) {
      if (jobs.length === 0) return;
      // Deleted rather than kept as completed: a sweep of a large fleet would leave a row for each cell.
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
  /** A job not touched for so long is given to another worker; at least 10. */
  readonly heartbeatSeconds?: number;
}

/** The queue over pg-boss. Making it starts nothing. */
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
        // A key that its worker's death stopped is never given up: its intent is in the store.
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
