import { randomUUID } from 'node:crypto';
import type { Boss } from '../../queue/boss.ts';
import { workQueue } from '../../queue/work-queue.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import type { Scope } from '../../stacks/scope.ts';
import type { Sweep } from '../../store/sweeps/sweep.ts';
import type { SweepContext } from '../context.ts';
import { carryOut } from './carry-out.ts';
import { accountsOf } from './scope.ts';

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
/** The part of a period over which its accounts are spread: the rest is for retries. */
const spread = 0.9;
const automatic = 'portcullis';

/** What asks for sweeps: a person, and the clock. */
export function requests({ store, settings, policy }: SweepContext, send: (id: string) => Promise<void>) {
  const known = async (id: string): Promise<Sweep> => {
    const sweep = await store.sweeps.get(id);
    if (!sweep) throw new PortcullisError('not-found', `sweep ${id} does not exist`);
    return sweep;
  };
  return {
    async request(scope: Scope, requestedBy: string): Promise<Sweep> {
      const accounts = accountsOf(await store.accounts.list(), scope);
      const { digest: policyDigest } = await policy();
      const id = randomUUID();
      await store.sweeps.request({ id, scope, requestedBy, policyDigest, spreadSeconds: 0 }, accounts);
      await send(id);
      return known(id);
    },
    async cancel(id: string, who: string): Promise<Sweep> {
      await known(id);
      if (!(await store.sweeps.cancel(id, who)))
        throw new PortcullisError('conflict', `sweep ${id} has ended already`);
      return known(id);
    },
    /** Begins the clock's sweep once in a period, spread over it. */
    async sweepDue(): Promise<void> {
      if (await store.uninstall.isRequested()) return;
      const accounts = await store.accounts.list();
      if (!accounts.some(({ state, regions }) => state === 'ACTIVE' && regions.length > 0)) return;
      const { digest: policyDigest } = await policy();
      const periodSeconds = settings.sweepHours * 3_600;
      const asked = { id: randomUUID(), scope: {}, requestedBy: automatic, policyDigest };
      const spreadSeconds = periodSeconds * spread;
      if (
        await store.sweeps.requestScheduled(
          { ...asked, spreadSeconds },
          accountsOf(accounts, {}),
          periodSeconds,
        )
      )
        await send(asked.id);
    },
  };
}

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
  const asks = requests(context, queue.send);
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
