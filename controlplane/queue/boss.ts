import { PgBoss } from 'pg-boss';
import type { Database } from '../store/database/database.ts';
import type { Logger } from '../telemetry/log.ts';

/** pg-boss in the database of the store, one per process and shared by its queues. */
export interface Boss {
  readonly jobs: PgBoss;
  /** Starts it for the first queue. */
  start(queue: string): Promise<void>;
  /** Stops it after the last queue; another worker then takes the unfinished jobs. */
  stop(queue: string): Promise<void>;
}

/** Starts nothing. The interval of the check for jobs without a heartbeat is in seconds. */
export function openBoss(
  database: Pick<Database, 'queueOptions'>,
  log: Logger,
  monitorIntervalSeconds = 5,
): Boss {
  const jobs = new PgBoss({
    ...database.queueOptions,
    schema: 'queue',
    monitorIntervalSeconds,
    superviseIntervalSeconds: monitorIntervalSeconds,
  });
  jobs.on('error', (error) => log.error({ error: error.message }, 'queue'));
  const started = new Set<string>();
  let starting: Promise<unknown> | undefined;
  return {
    jobs,
    async start(queue) {
      started.add(queue);
      starting ??= jobs.start();
      await starting;
    },
    async stop(queue) {
      if (started.delete(queue) && started.size === 0) await jobs.stop({ graceful: false, close: true });
    },
  };
}
