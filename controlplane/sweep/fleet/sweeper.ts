import type { Boss } from '../../queue/boss.ts';
import { workQueue } from '../../queue/work-queue.ts';
import { reasonOf } from '../../settings/errors.ts';
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

/** Sweeps in progress at once in one process: the clock's, and those that people asked for. */
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
  const asks = sweepRequests(context, queue.send);
  const timers: NodeJS.Timeout[] = [];
  const every = (what: string, milliseconds: number, act: () => Promise<unknown>) => {
    let underWay = false;
    const once = async () => {
      if (underWay) return;
      underWay = true;
      await act().catch((error) => log.error({ error: reasonOf(error) }, `${what} failed`));
      underWay = false;
    };
    timers.push(setInterval(() => void once(), milliseconds));
  };
  const keptFor = Math.max(keptMs, settings.sweepHours * hourMs * 3);

  return {
    request: asks.request,
    cancel: asks.cancel,
    async start() {
      // No other process has this database, so every holder of a cell is dead.
      if (database.kind === 'pglite') await store.sweeps.release();
      await queue.start();
      for (const { what, everyMs, run } of chores) every(what, everyMs, run);
      if (!standing) return;
      every('looking for unfinished sweeps', lookMs, queue.resume);
      every('forgetting old sweeps', hourMs, () => store.sweeps.forget(keptFor));
      if (settings.sweepHours > 0) every('sweeping by the clock', dueMs, asks.sweepDue);
    },
    interrupt: queue.interrupt,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await queue.stop();
    },
  };
}
