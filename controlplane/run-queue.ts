import type { Logger } from './log.ts';
import type { Reconciler } from './reconcile.ts';
import type { Database } from './store/database.ts';
import type { Run, RunRequest, RunStore } from './store/runs.ts';
import { workQueue } from './work-queue.ts';

/** Runs wait here and are carried out, several at a time; a whole sweep never holds up one new account. */
export interface RunQueue {
  /** The run that will do what is asked: a new one, or an equal one that waits already. */
  request(request: RunRequest): Promise<Run>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const concurrent = 4;

/** The queue over pg-boss in the same database as the store. Making it starts nothing. */
export function runQueue(database: Database, runs: RunStore, reconciler: Reconciler, log: Logger): RunQueue {
  const carryOut = async (id: string) => {
    const run = await runs.get(id);
    if (!run || run.finishedAt) return;
    log.info({ run: run.id, kind: run.kind, scope: run.scope, by: run.requestedBy }, 'run started');
    await reconciler.execute(run);
    const done = await runs.get(id);
    log.info({ run: run.id, state: done?.state, message: done?.message }, 'run finished');
  };
  const unfinished = async () => (await runs.unfinished()).map(({ id }) => id);
  const { send, start, stop } = workQueue(database, { name: 'run', concurrent, unfinished, carryOut }, log);
  return {
    async request(request) {
      const { run } = await runs.createUnlessWaiting(request);
      // Sent even where the run is not new: whoever made it may have died before sending.
      await send(run.id);
      return run;
    },
    start,
    stop,
  };
}
