import { PgBoss } from 'pg-boss';
import type { Logger } from '../log.ts';
import type { Database } from '../store/database.ts';

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

export interface LaterKey {
  readonly key: string;
  readonly afterMs: number;
  readonly priority?: number | undefined;
}

/** Keys that wait to be reconciled. A key waits once, however often it is asked for. */
export interface KeyQueue {
  /** Has the keys reconciled as soon as may be, those as well that wait for a later time. */
  wake(keys: readonly string[], priority?: number): Promise<void>;
  /** Has the keys reconciled later, unless they wait already. */
  later(keys: readonly LaterKey[]): Promise<void>;
  /** Those that are due, the most urgent first. */
  fetch(most: number): Promise<KeyJob[]>;
  /** Ends jobs, so that nobody does them again. */
  complete(jobs: readonly KeyJob[]): Promise<void>;
  /** Shows that jobs are being worked on. One not touched for half a minute is given to another worker. */
  touch(jobs: readonly KeyJob[]): Promise<void>;
  /** Called when this process adds a key, so that nobody has to wait for the next look. */
  onAdded(listener: () => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const name = 'key';
const heartbeatSeconds = 30;
const day = 24 * 3600;

/** An account's keys are one group, so that the number of its stacks under way at once can be limited. */
const groupOf = (key: string) => {
  const account = /^(?:account|region)-(\d{12})/.exec(key)?.[1];
  return account ? { group: { id: account } } : {};
};

/** The queue over pg-boss in the same database as the store. Making it starts nothing. */
export function keyQueue(
  database: Pick<Database, 'queueOptions'>,
  log: Logger,
  { perAccount = 8, monitorSeconds = 5 }: { perAccount?: number; monitorSeconds?: number } = {},
): KeyQueue {
  const boss = new PgBoss({
    ...database.queueOptions,
    schema: 'queue',
    monitorIntervalSeconds: monitorSeconds,
    superviseIntervalSeconds: monitorSeconds,
  });
  boss.on('error', (error) => log.error({ error: error.message }, 'queue'));
  let added = () => {};
  return {
    async wake(keys, priority = priorities.resync) {
      for (const key of new Set(keys)) {
        await boss.upsert(name, null, { singletonKey: key, startAfter: 0, priority, ...groupOf(key) });
      }
      if (keys.length > 0) added();
    },
    async later(keys) {
      const jobs = keys.map(({ key, afterMs, priority = priorities.resync }) => ({
        singletonKey: key,
        startAfter: Math.ceil(afterMs / 1000),
        priority,
        ...groupOf(key),
      }));
      for (let at = 0; at < jobs.length; at += 1000) await boss.insert(name, jobs.slice(at, at + 1000));
      if (keys.some(({ afterMs }) => afterMs <= 0)) added();
    },
    async fetch(most) {
      const jobs = await boss.fetch(name, {
        batchSize: most,
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
    async complete(jobs) {
      if (jobs.length > 0)
        await boss.complete(
          name,
          jobs.map(({ id, retryCount }) => ({ id, retryCount })),
        );
    },
    async touch(jobs) {
      if (jobs.length > 0)
        await boss.touch(
          name,
          jobs.map(({ id, retryCount }) => ({ id, retryCount })),
        );
    },
    onAdded(listener) {
      added = listener;
    },
    async start() {
      await boss.start();
      await boss.createQueue(name, {
        policy: 'short',
        // A key that its worker's death stopped is never given up: its intent is in the store.
        retryLimit: 1_000_000,
        expireInSeconds: day - 1,
        heartbeatSeconds,
        deleteAfterSeconds: 3600,
        retentionSeconds: 365 * day,
      });
    },
    stop: () => boss.stop({ graceful: false, close: true }),
  };
}
