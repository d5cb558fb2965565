import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import { awaited } from '../stacks/key.ts';
import type { Logger } from '../telemetry/log.ts';
import type { DelayedKey, KeyJob, KeyQueue } from './key-queue.ts';
import type { Lease, Leases } from './leases.ts';
import { backoffMs, jittered, type Result } from './result.ts';
import { type JobsInProgress, type Settlement, settlement } from './settlement.ts';

/** An exception is a failure of the store or a bug, and is retried soon. */
export type ReconcileKey = (waiting: string, lease: Lease) => Promise<Result>;

interface KeyWorkerContext {
  readonly queue: KeyQueue;
  readonly leases: Leases;
  readonly reconcile: ReconcileKey;
  readonly log: Logger;
  /** Maximum number of keys in progress in this process. */
  readonly concurrent: number;
  /** Awaited by the first start: what must be there before any key. @throws what the caller of `start` receives */
  readonly ready?: () => Promise<void>;
  /** Called with every result and its duration in seconds. */
  readonly onResult?: (key: string, result: Result['kind'], seconds: number) => void;
  readonly pollMs?: number;
  /** Retry delay of a key that another worker holds, milliseconds. */
  readonly heldMs?: number;
  readonly firstBackoffMs?: number;
}

const usualPollMs = 500;
const touchMs = 10_000;
const longestPauseMs = 10_000;
/** Delay after a round without a lease. Short, because admissible keys may be behind many that are over a limit. */
const refusedMs = 100;
/** Retry delay of a key with a reserved place, milliseconds. */
const expectedMs = 100;

/** When to reconcile again, by the result; undefined when only an enqueue does. */
export function requeueDelay(
  key: string,
  result: Result,
  priority: number,
  first?: number,
): DelayedKey | undefined {
  switch (result.kind) {
    case 'requeueAfter':
      return { key, afterMs: result.requeueAfterMs, priority };
    case 'error':
      return { key, afterMs: backoffMs(result.failures, Math.random, first), priority };
    case 'ok':
    case 'terminal':
      return result.requeueAfterMs === undefined
        ? undefined
        : { key, afterMs: jittered(result.requeueAfterMs) };
  }
}

const regionOf = (key: string) => /^region-\d{12}-(.+)$/.exec(key)?.[1];

/** Reconciles one key under its lease and settles its job. */
async function reconcileJob(
  context: KeyWorkerContext,
  { running }: JobsInProgress,
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
    // Stopped: the next start retries at once. Otherwise the store failed, or there is a bug.
    again = { key, afterMs: lease.signal.aborted ? 0 : backoffMs(1), priority };
    log[lease.signal.aborted ? 'info' : 'error']({ key, error: reasonOf(error) }, 'key not reconciled');
  }
  running.delete(lease.key);
  end(job, lease, again);
}

/** Leases for the jobs whose key is free, by key. */
async function acquire(
  { leases }: KeyWorkerContext,
  { underWay, running }: JobsInProgress,
  jobs: readonly KeyJob[],
): Promise<Map<string, Lease>> {
  const free = jobs
    .map(({ key, priority }) => ({ key: awaited(key).key, priority }))
    .filter(({ key }) => !running.has(key));
  try {
    const held = await leases.acquire(free.map((each) => ({ ...each, region: regionOf(each.key) })));
    return new Map(held.map((lease) => [lease.key, lease]));
  } catch (error) {
    for (const { id } of jobs) underWay.delete(id); // without a heartbeat they become due again
    throw error;
  }
}

/** Fetches and starts due jobs. Returns whether there were any. */
async function takeRound(
  context: KeyWorkerContext,
  jobsInProgress: JobsInProgress,
  settled: Settlement,
): Promise<boolean> {
  const { queue, leases, concurrent, pollMs = usualPollMs, heldMs = 1_000 } = context;
  const most = concurrent - jobsInProgress.underWay.size;
  if (most <= 0) return false;
  const jobs = await queue.fetch(most);
  for (const job of jobs) jobsInProgress.underWay.set(job.id, job);
  const leaseOf = await acquire(context, jobsInProgress, jobs);
  const refused = leaseOf.size === 0;
  for (const job of jobs) {
    const { key } = awaited(job.key);
    const lease = leaseOf.get(key);
    leaseOf.delete(key);
    if (lease) void reconcileJob(context, jobsInProgress, settled, { job, lease });
    // The holder of the key began before this request, so the key runs once more after it.
    else {
      const afterMs = jittered(leases.expects(key) ? Math.min(expectedMs, heldMs) : heldMs);
      settled.end(job, undefined, { key: job.key, afterMs, priority: job.priority, pullForward: true });
    }
  }
  if (jobs.length > 0 && refused) await sleep(Math.min(refusedMs, pollMs));
  return jobs.length > 0;
}

/** A pause that can end early. */
function interruptiblePause() {
  let endPause = () => {};
  return {
    rest: (ms: number) =>
      new Promise<void>((done) => {
        const timer = setTimeout(done, ms);
        endPause = () => {
          clearTimeout(timer);
          done();
        };
      }),
    endPause: () => endPause(),
  };
}

/** Starts the heartbeat of the jobs in progress. */
function startTouching({ queue, log }: KeyWorkerContext, { underWay }: JobsInProgress): NodeJS.Timeout {
  const touch = () =>
    queue
      .touch([...underWay.values()])
      .catch((error) => log.warn({ error: reasonOf(error) }, 'jobs not touched'));
  return setInterval(touch, touchMs).unref();
}

/**
 * Fetches keys and reconciles each under its lease, several at once. A key never runs twice at the same time over all
 * workers; a key enqueued while it runs, runs once more. After a crash at any point another worker takes the job once
 * the lease expires.
 */
export function keyWorker(context: KeyWorkerContext) {
  const { queue, leases, log, pollMs = usualPollMs } = context;
  const jobsInProgress: JobsInProgress = { underWay: new Map(), running: new Set() };
  const { rest, endPause } = interruptiblePause();
  const settled = settlement(context, jobsInProgress, endPause);
  const touching = startTouching(context, jobsInProgress);
  let stopping = false;
  let loop: Promise<void> | undefined;

  const run = async () => {
    let pause = pollMs;
    while (!stopping) {
      try {
        if (!(await takeRound(context, jobsInProgress, settled))) await rest(pollMs);
        pause = pollMs;
      } catch (error) {
        log.warn({ error: reasonOf(error) }, 'queue not readable; trying again');
        await rest(pause);
        pause = Math.min(pause * 2, longestPauseMs);
      }
    }
  };

  /** Takes nothing more and aborts the work in progress. */
  const interrupt = () => {
    stopping = true;
    leases.abort(); // before the current fetch, which may never end when the database is unreachable
    endPause();
  };

  return {
    async start() {
      await context.ready?.();
      queue.onAdded(endPause);
      loop ??= run();
    },
    interrupt,
    /** Takes nothing more, aborts the work in progress and waits at most this long for it, milliseconds. */
    async stop(graceMs: number) {
      const until = performance.now() + graceMs;
      interrupt();
      await loop;
      while (jobsInProgress.underWay.size > 0 && performance.now() < until) await rest(50);
      clearInterval(touching);
      await settled.stop();
    },
  };
}
