import type { Boss } from '../../queue/boss.ts';
import { timers } from '../../queue/timers.ts';
import { workQueue } from '../../queue/work-queue.ts';
import type { Scope } from '../../stacks/scope.ts';
import type { Sweep } from '../../store/sweeps/sweep.ts';
import type { SweepContext } from '../context.ts';
import { carryOut } from './carry-out.ts';
import { sweepRequests } from './requests.ts';

/** Sweeps cells on request and by the clock. */
export interface Sweeper {
  /** After a crash the next start continues. @throws PortcullisError `unknown-scope`, `invalid-policy` */
  request(scope: Scope, requestedBy: string): Promise<Sweep>;
  /** Ends a sweep; what was not read is not checked. @throws PortcullisError `not-found`, `conflict` */
  cancel(id: string, who: string): Promise<Sweep>;
  start(): Promise<void>;
  interrupt(): void;
  /** Leaves work in progress to the next start or to another worker. */
  stop(): Promise<void>;
}

export interface SweeperOptions {
  /** Whether it sweeps by the clock. */
  readonly standing: boolean;
  /** Work that is due now and then: what readings left to do. */
  readonly chores: readonly { readonly what: string; readonly everyMs: number; run(): Promise<unknown> }[];
}

/** Sweeps in progress at once in one process: the scheduled one, and requested ones. */
const concurrent = 3;
/** How often a process looks for work of unfinished sweeps, milliseconds. */
const lookMs = 10_000;
/** How often it is asked whether the clock's next sweep is due, milliseconds. */
const dueMs = 60_000;
const hourMs = 3_600_000;
/** For how long sweeps are kept, at least. */
const keptMs = 7 * 24 * hourMs;

/** Uses pg-boss in the database of the store. Starts nothing. */
export function sweeper(boss: Boss, context: SweepContext, { standing, chores }: SweeperOptions): Sweeper {
  const { settings, log, database, store } = context;
  const work = {
    name: 'sweep',
    concurrent,
    unfinished: store.sweeps.unfinished,
    isPaused: store.uninstall.isRequested,
    carryOut: (id: string) => carryOut(context, id),
  };
  const queue = workQueue(boss, work, log);
  const requests = sweepRequests(context, queue.send);
  const { every, stop } = timers(log);
  const keptFor = Math.max(keptMs, settings.sweepHours * hourMs * 3);

  return {
    request: requests.request,
    cancel: requests.cancel,
    async start() {
      // No other process has this database, so every holder of a cell is dead.
      if (database.kind === 'pglite') await store.sweeps.release();
      await queue.start();
      for (const { what, everyMs, run } of chores) every(what, everyMs, run);
      if (!standing) return;
      every('looking for unfinished sweeps', lookMs, queue.resume);
      every('forgetting old sweeps', hourMs, () => store.sweeps.forget(keptFor));
      if (settings.sweepHours > 0) every('sweeping by the clock', dueMs, requests.sweepDue);
    },
    interrupt: queue.interrupt,
    async stop() {
      stop();
      await queue.stop();
    },
  };
}
