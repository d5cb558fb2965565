import { PgBoss } from 'pg-boss';
import type { Logger } from './log.ts';
import type { Reconciler } from './reconcile.ts';
import type { Database } from './store/database.ts';
import type { Run, RunRequest, RunStore } from './store/runs.ts';

/** Runs wait here and are carried out, several at a time; a whole sweep never holds up one new account. */
export interface RunQueue {
  /** The run that will do what is asked: a new one, or an equal one that waits already. */
  request(request: RunRequest): Promise<Run>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const queue = 'run';
const concurrent = 4;
const day = 24 * 3600;

/** The queue over pg-boss in the same database as the store. Making it starts nothing. */
export function runQueue(database: Database, runs: RunStore, reconciler: Reconciler, log: Logger): RunQueue {
  const boss = new PgBoss({ ...database.queueOptions, schema: 'queue' });
  boss.on('error', (error) => log.error({ error: error.message }, 'queue'));
  /** Under the queue's policy this adds nothing while the run's job waits already. */
  const send = (run: Run) => boss.send(queue, { runId: run.id }, { singletonKey: run.id });
  /** Runs under way here: a second job of one, left by an earlier process, has nothing to do. */
  const underWay = new Set<string>();

  const carryOut = async (runId: string) => {
    const run = await runs.get(runId);
    if (!run || run.finishedAt || underWay.has(runId)) return;
    log.info({ run: run.id, kind: run.kind, scope: run.scope, by: run.requestedBy }, 'run started');
    underWay.add(runId);
    try {
      await reconciler.execute(run);
    } finally {
      underWay.delete(runId);
    }
    const done = await runs.get(runId);
    log.info({ run: run.id, state: done?.state, message: done?.message }, 'run finished');
  };

  return {
    async request(request) {
      const { run } = await runs.createUnlessWaiting(request);
      // Sent even where the run is not new: whoever made it may have died before sending.
      await send(run);
      return run;
    },
    async start() {
      await boss.start();
      await boss.createQueue(queue, { expireInSeconds: day - 1, retryLimit: 2, policy: 'short' });
      for (const run of await runs.unfinished()) await send(run);
      await boss.work<{ runId: string }>(
        queue,
        { localConcurrency: concurrent, pollingIntervalSeconds: 0.5, batchSize: 1 },
        async ([job]) => {
          if (job) await carryOut(job.data.runId);
        },
      );
    },
    stop: () => boss.stop({ graceful: true, timeout: 60_000, close: true }),
  };
}
