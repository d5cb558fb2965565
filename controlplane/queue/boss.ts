import { PgBoss } from 'pg-boss';
import type { Database } from '../store/database/database.ts';
import type { Logger } from '../telemetry/log.ts';

/** pg-boss in the same database as the store, one a process. Each queue over it says by name when it starts and stops. */
export interface Boss {
  readonly jobs: PgBoss;
  /** The first queue starts it. */
  start(queue: string): Promise<void>;
  /** The last queue stops it; a job that is still under way then goes to another worker. */
  stop(queue: string): Promise<void>;
}

/** Making it starts nothing. How often it looks for silent jobs is in seconds. */
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
