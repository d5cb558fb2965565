import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { cancellable } from '../../aws/throttle.ts';
import { reasonOf } from '../../settings/errors.ts';
import { type ClaimedCell, sweepClaimMs } from '../../store/sweeps/cells.ts';
import type { Sweep } from '../../store/sweeps/sweep.ts';
import type { SweepContext } from '../context.ts';
import { places } from '../sweep-cells.ts';
import { recorder } from './record.ts';

/** Of one account at once. Its quotas are those of each Region, so this bounds the calls of its role alone. */
const perAccount = 8;
/** How long a requested sweep waits before it looks again for cells that others have, or that are due later, ms. */
const longestPauseMs = 2_000;
/** A sweep without a cell that is due sooner than this is left to the next look of the clock, milliseconds. */
const soonMs = 5_000;

/** A claimed cell, with the database's time. */
interface Held extends ClaimedCell {
  /** When this is called, by the database's clock. */
  readonly now: () => Date;
}

type Work = Pick<Sweep, 'id' | 'scope'> & { readonly worker: string };

/** Claims cells with the time: a monotonic clock carries the database's on until the cell is read. */
async function claim({ store }: SweepContext, { id, worker }: Work, most: number): Promise<Held[]> {
  const now = await store.now();
  const since = performance.now();
  const cells = await store.sweeps.claim(id, worker, most);
  // As a statement that updates returns them, they are in no order.
  cells.sort((a, b) => a.accountId.localeCompare(b.accountId) || a.region.localeCompare(b.region));
  return cells.map((cell) => ({
    ...cell,
    now: () => new Date(now.getTime() + Math.floor(performance.now() - since)),
  }));
}

/** Lists the Regions of an account, or records why that is not possible. */
async function readAccount(context: SweepContext, { scope, worker }: Work, held: Held): Promise<void> {
  const { store, regionsOf, explain, againAfter, stopping } = context;
  try {
    const enabled = await regionsOf(held.accountId);
    const regions = enabled.filter((region) => scope.regions?.includes(region) ?? true);
    await store.sweeps.expand(held, worker, regions.toSorted());
  } catch (error) {
    stopping.throwIfAborted();
    const reason = await explain(held.accountId, error);
    await store.sweeps.failed(held, worker, reason, againAfter(held.attempts, reason));
  }
}

async function readOne(
  context: SweepContext,
  work: Work,
  held: Held,
  record: ReturnType<typeof recorder>,
): Promise<void> {
  if (held.region === '') return readAccount(context, work, held);
  const { store, log, meter, stopping } = context;
  const { accountId, region, sweepId, attempts } = held;
  const policy = await context.policy();
  const started = performance.now();
  const read = await context.read({ accountId, region }, policy, { sweepId, readAt: held.now() });
  const seconds = (performance.now() - started) / 1000;
  stopping.throwIfAborted();
  if (read.kind === 'read') {
    await record({ reading: read.reading, policy });
    if (read.notes.length > 0) log.info({ account: accountId, region, notes: read.notes }, 'cell swept');
    meter.swept('done', seconds);
    return;
  }
  const again = context.againAfter(attempts, read.reason);
  await store.sweeps.failed(held, work.worker, read.reason, again);
  if (again !== undefined) return;
  meter.swept('not-checked', seconds);
  log.warn({ account: accountId, region, reason: read.reason }, 'cell not checked');
}

/** The first cell whose account and Region have a free place; past the end where there is none. */
function indexOfFree(waiting: readonly Held[], isFree: (held: Held) => boolean): number {
  const at = waiting.findIndex(isFree);
  return at < 0 ? waiting.length : at;
}

/** Reads cells that are due until none is left that no other worker holds. @throws the first failure of the store */
async function readDue(context: SweepContext, work: Work): Promise<void> {
  const { stopping, settings, store } = context;
  const total = settings.sweepParallel;
  const place = places({ account: perAccount, region: Math.max(1, Math.ceil(total / 2)) });
  const record = recorder(context, { sweepId: work.id, worker: work.worker });
  const waiting: Held[] = [];
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  /** No cell was due at the last look, and no account was listed since. */
  let dry = false;
  const begin = (held: Held) => {
    place.take(held);
    const one = readOne(context, work, held, record)
      .catch((error) => {
        failure ??= { error };
      })
      .finally(() => {
        if (held.region === '') dry = false;
        place.release(held);
        running.delete(one);
      });
    running.add(one);
  };
  while (!failure && !stopping.aborted) {
    if (waiting.length < total && !dry) {
      const most = total * 2 - waiting.length;
      const claimed = (await store.uninstall.isRequested()) ? [] : await claim(context, work, most);
      dry = claimed.length < most;
      waiting.push(...claimed);
    }
    while (running.size < total) {
      const [next] = waiting.splice(indexOfFree(waiting, place.isFree), 1);
      if (!next) break;
      begin(next);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  await Promise.all(running);
  stopping.throwIfAborted();
  if (failure) throw failure.error;
}

/** Reads what is due, again and again, to the end of the sweep; of a scheduled one, until nothing is due soon. */
async function readAll(context: SweepContext, work: Work, scheduled: boolean): Promise<void> {
  const { store, log, stopping } = context;
  // While the installation is being uninstalled, the sweep waits. A reinstall continues it.
  while (!(await store.uninstall.isRequested())) {
    await readDue(context, work);
    const counts = await store.sweeps.finish(work.id);
    if (counts) log.info({ sweep: work.id, ...counts }, 'sweep finished');
    const { any, dueInMs } = await store.sweeps.waiting(work.id);
    if (!any) return;
    const waitMs = Math.max(20, Math.min(longestPauseMs, dueInMs ?? longestPauseMs));
    if (scheduled && (dueInMs === null || dueInMs > soonMs)) return;
    await pause(waitMs, undefined, { signal: stopping });
  }
}

/** Carries a sweep on, together with other workers. Called again after a crash, it continues. */
export async function carryOut(context: SweepContext, id: string): Promise<void> {
  const { store, log, stopping } = context;
  const sweep = await store.sweeps.get(id);
  if (!sweep || sweep.finishedAt) return;
  const work = { id, scope: sweep.scope, worker: randomUUID() };
  const renew = () =>
    store.sweeps
      .renew(work.worker)
      .catch((error) => log.warn({ error: reasonOf(error) }, 'cells of a sweep not renewed'));
  const renewing = setInterval(renew, sweepClaimMs / 4);
  try {
    await cancellable(stopping, () => readAll(context, work, sweep.scheduled));
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    clearInterval(renewing);
    await store.sweeps.release(work.worker);
  }
}
