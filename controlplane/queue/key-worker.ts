import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import { awaited } from '../stacks/key.ts';
import type { Logger } from '../telemetry/log.ts';
import type { DelayedKey, KeyJob, KeyQueue } from './key-queue.ts';
import type { Lease, Leases } from './leases.ts';
import { backoffMs, jittered, type Result } from './result.ts';
import { type Hands, type Settlement, settlement } from './settlement.ts';

/** Reconciles what was waiting, a key or a preview of one, under the key's lease. What it throws is a failure of the store or the program, tried again soon. */
export type ReconcileKey = (waiting: string, lease: Lease) => Promise<Result>;

export interface KeyWorker {
  start(): Promise<void>;
  /** Takes nothing more, and tells what is under way to end. */
  interrupt(): void;
  /** Takes nothing more, tells what is under way to end, and waits for it for so long at most, milliseconds. */
  stop(graceMs: number): Promise<void>;
}

interface KeyWorkerContext {
  readonly queue: KeyQueue;
  readonly leases: Leases;
  readonly reconcile: ReconcileKey;
  readonly log: Logger;
  /** How many keys may be under way at once in this process. */
  readonly concurrent: number;
  /** Called with every result, with the seconds that it took. */
  readonly onResult?: (key: string, result: Result['kind'], seconds: number) => void;
  readonly pollMs?: number;
  /** How long until a key that another worker holds is tried again, milliseconds. */
  readonly heldMs?: number;
  readonly firstBackoffMs?: number;
}

const usualPollMs = 500;
const touchMs = 10_000;
const longestPauseMs = 10_000;
/** After a round without a lease: short, as what may be worked on can wait behind many keys that may not. */
const refusedMs = 100;
/** How long until a key that a place is kept for is tried again, milliseconds. */
const expectedMs = 100;

/** When to look again, by what the reconcile came to; nothing where only a wake does. */
export function requeueDelay(
  key: string,
  result: Result,
  priority: number,
  first?: number,
): DelayedKey | undefined {
  switch (result.kind) {
    case 'ok':
      return result.requeueAfterMs === undefined
        ? undefined
        : { key, afterMs: jittered(result.requeueAfterMs) };
    case 'requeueAfter':
      return { key, afterMs: result.requeueAfterMs, priority };
    case 'error':
      return { key, afterMs: backoffMs(result.failures, Math.random, first), priority };
    case 'terminal':
      return result.requeueAfterMs === undefined
        ? undefined
        : { key, afterMs: jittered(result.requeueAfterMs) };
  }
}

const regionOf = (key: string) => /^region-\d{12}-(.+)$/.exec(key)?.[1];

/** Reconciles one key under its lease, and ends its job. */
async function reconcileJob(
  context: KeyWorkerContext,
  { running }: Hands,
  { end }: Settlement,
  { job, lease }: { readonly job: KeyJob; readonly lease: Lease },
): Promise<void> {
  const { reconcile, log } = context;
  const { key, priority } = job;
  const begun = performance.now();
  let again: DelayedKey | undefined;
  running.add(lease.key);
  try {
    const result = await reconcile(key, lease);
    again = requeueDelay(key, result, priority, context.firstBackoffMs);
    context.onResult?.(lease.key, result.kind, (performance.now() - begun) / 1000);
  } catch (error) {
    // Stopped: the next start takes it up at once. Else the store did not answer, or there is a mistake here.
    again = { key, afterMs: lease.signal.aborted ? 0 : backoffMs(1), priority };
    log[lease.signal.aborted ? 'info' : 'error']({ key, error: reasonOf(error) }, 'key not reconciled');
  }
  running.delete(lease.key);
  end(job, lease, again);
}

/** Leases for those of the jobs whose key is free, by key. */
async function acquire(
  { leases }: KeyWorkerContext,
  { underWay, running }: Hands,
  jobs: readonly KeyJob[],
): Promise<Map<string, Lease>> {
  const free = jobs
    .map(({ key, priority }) => ({ key: awaited(key).key, priority }))
    .filter(({ key }) => !running.has(key));
  try {
    const held = await leases.acquire(free.map((each) => ({ ...each, region: regionOf(each.key) })));
    return new Map(held.map((lease) => [lease.key, lease]));
  } catch (error) {
    for (const { id } of jobs) underWay.delete(id); // their heartbeat ends, and they are given out again
    throw error;
  }
}

/** Takes what is due and begins it; whether anything was. */
async function takeRound(context: KeyWorkerContext, hands: Hands, settled: Settlement): Promise<boolean> {
  const { queue, leases, concurrent, pollMs = usualPollMs, heldMs = 1_000 } = context;
  const most = concurrent - hands.underWay.size;
  if (most <= 0) return false;
  const jobs = await queue.fetch(most);
  for (const job of jobs) hands.underWay.set(job.id, job);
  const leaseOf = await acquire(context, hands, jobs);
  const refused = leaseOf.size === 0;
  for (const job of jobs) {
    const { key } = awaited(job.key);
    const lease = leaseOf.get(key);
    leaseOf.delete(key);
    if (lease) void reconcileJob(context, hands, settled, { job, lease });
    // Whoever holds it has it look at later, and began before this was asked for.
    else {
      const afterMs = jittered(leases.expects(key) ? Math.min(expectedMs, heldMs) : heldMs);
      settled.end(job, undefined, { key: job.key, afterMs, priority: job.priority, pullForward: true });
    }
  }
  if (jobs.length > 0 && refused) await sleep(Math.min(refusedMs, pollMs));
  return jobs.length > 0;
}

/** A rest that can be cut short. */
function wakeable() {
  let wakeUp = () => {};
  return {
    rest: (ms: number) =>
      new Promise<void>((done) => {
        const timer = setTimeout(done, ms);
        wakeUp = () => {
          clearTimeout(timer);
          done();
        };
      }),
    wakeUp: () => wakeUp(),
  };
}

/** Shows from now on that the jobs are being worked on. */
function startTouching({ queue, log }: KeyWorkerContext, { underWay }: Hands): NodeJS.Timeout {
  const touch = () =>
    queue
      .touch([...underWay.values()])
      .catch((error) => log.warn({ error: reasonOf(error) }, 'jobs not touched'));
  return setInterval(touch, touchMs).unref();
}

/**
 * Takes keys from the queue and has each reconciled under its lease, several at once. A key never runs twice at once,
 * over all workers; one that is woken while it runs, runs once more. Killed at any moment, nothing is lost: the job is
 * given to another worker, the lease runs out.
 */
export function keyWorker(context: KeyWorkerContext): KeyWorker {
  const { queue, leases, log, pollMs = usualPollMs } = context;
  const hands: Hands = { underWay: new Map(), running: new Set() };
  const { rest, wakeUp } = wakeable();
  const settled = settlement(context, hands, wakeUp);
  const touching = startTouching(context, hands);
  let stopping = false;
  let loop: Promise<void> | undefined;

  const run = async () => {
    let pause = pollMs;
    while (!stopping) {
      try {
        if (!(await takeRound(context, hands, settled))) await rest(pollMs);
        pause = pollMs;
      } catch (error) {
        log.warn({ error: reasonOf(error) }, 'queue not readable; trying again');
        await rest(pause);
        pause = Math.min(pause * 2, longestPauseMs);
      }
    }
  };

  const interrupt = () => {
    stopping = true;
    leases.abort(); // before a look at the queue that is under way: it may not end, with the database away
    wakeUp();
  };

  return {
    async start() {
      queue.onAdded(wakeUp);
      loop ??= run();
    },
    interrupt,
    async stop(graceMs) {
      const until = performance.now() + graceMs;
      interrupt();
      await loop;
      while (hands.underWay.size > 0 && performance.now() < until) await rest(50);
      clearInterval(touching);
      await settled.stop();
    },
  };
}
