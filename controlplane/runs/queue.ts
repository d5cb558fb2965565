import { type WorkTimes, workQueue } from '../queue/work-queue.ts';
import type { Services } from '../services/services.ts';
import { PortcullisError } from '../settings/errors.ts';
import { accountKey } from '../stacks/key.ts';
import type { Run, RunRequest } from '../store/runs.ts';

/** Advances a run until it has ended or the signal aborts. */
export type Advance = (id: string, signal: AbortSignal) => Promise<void>;

interface RunQueueContext extends Pick<Services, 'boss' | 'store' | 'leases' | 'meter' | 'log'> {
  readonly advance: Advance;
  readonly times?: WorkTimes;
}

/** High, because a run that waits for its stacks uses almost no resources. */
const concurrent = 16;

function runControls(
  { store: { runs, runStacks }, log }: Pick<Services, 'store' | 'log'>,
  send: (id: string) => Promise<void>,
) {
  const get = async (id: string) => {
    const run = await runs.get(id);
    if (!run) throw new PortcullisError('not-found', `run ${id} does not exist`);
    return run;
  };
  const control = async (
    id: string,
    by: string,
    what: 'run paused' | 'run resumed' | 'run cancelled',
    act: () => Promise<boolean>,
  ) => {
    const { state } = await get(id);
    if (!(await act())) throw new PortcullisError('conflict', `run ${id} is ${state}`);
    log.info({ run: id, by }, what);
    return get(id);
  };
  return {
    /** Starts nothing more until it is resumed. @throws PortcullisError `not-found` or `conflict` */
    async pause(id: string, by: string): Promise<Run> {
      const run = await control(id, by, 'run paused', () => runs.pause(id, `paused by ${by}`, by));
      await runStacks.withdraw(id);
      return run;
    },
    /** Resumes it; earlier failures no longer count against the limits. @throws PortcullisError as `pause` */
    async resume(id: string, by: string): Promise<Run> {
      const run = await control(id, by, 'run resumed', () => runs.resume(id, by));
      await send(id);
      return run;
    },
    /** Ends it; work in progress finishes. @throws PortcullisError as `pause` */
    async cancel(id: string, by: string): Promise<Run> {
      const run = await control(id, by, 'run cancelled', () => runs.cancel(id, `cancelled by ${by}`, by));
      // A run that was not planned lists its named accounts as skipped, so that they are visible.
      const named = run.plannedAt ? [] : (run.scope.accounts ?? []).map((account) => accountKey(account));
      await runStacks.plan(id, named, 1, 'skipped', `cancelled by ${by}`);
      await runStacks.skipRest(id, `cancelled by ${by}`);
      return run;
    },
  };
}

/**
 * Runs wait here and are processed, several at a time, so that a long run does not delay a new account. Uses pg-boss in
 * the database of the store. Starts nothing.
 */
export function runQueue({ boss, store, leases, advance, meter, log, times }: RunQueueContext) {
  const { runs } = store;
  const carryOut = async (id: string, signal: AbortSignal) => {
    const run = await runs.get(id);
    if (!run || run.finishedAt || run.state === 'paused') return;
    const runLog = log.child({ run: id });
    runLog.info({ kind: run.kind, scope: run.scope, by: run.requestedBy }, 'run started');
    await advance(id, signal);
    const done = await runs.get(id);
    if (!done?.finishedAt) return;
    meter.run(done.kind, done.state);
    runLog.info({ state: done.state, message: done.message }, 'run finished');
  };
  const unfinished = async () => (await runs.unfinished()).map(({ id }) => id);
  const work = { name: 'run', concurrent, unfinished, carryOut, leases, times };
  const { send, resume, ...rest } = workQueue(boss, work, log);
  return {
    /** Returns the new run, or an equal one that is already waiting. @throws PortcullisError `conflict` */
    async request(request: RunRequest): Promise<Run> {
      const { run } = await runs.createUnlessWaiting(request);
      // Sent for an existing run too: its creator may have died before sending.
      await send(run.id);
      return run;
    },
    ...runControls({ store, log }, send),
    /** Resumes runs that no worker holds. */
    takeUp: resume,
    ...rest,
  };
}

export type RunQueue = ReturnType<typeof runQueue>;
