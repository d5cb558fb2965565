import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import type { DelayedKey, KeyJob, KeyQueue } from './key-queue.ts';
import type { Lease, Leases } from './leases.ts';

const togetherMs = 10;
const settleAgainMs = 1_000;

/** The jobs of a worker in progress. */
export interface JobsInProgress {
  readonly underWay: Map<string, KeyJob>;
  /** Keys whose reconcile has not returned, also after a lost lease. */
  readonly running: Set<string>;
}

/**
 * Writes the results of finished jobs. The order matters: the key is enqueued again before its lease is released, and
 * the job is completed last, so that a crash repeats it.
 */
export function settlement(
  { queue, leases, log }: { readonly queue: KeyQueue; readonly leases: Leases; readonly log: Logger },
  { underWay, running }: JobsInProgress,
  onSettled: () => void,
) {
  const ended: { job: KeyJob; lease: Lease | undefined; again: DelayedKey | undefined }[] = [];
  let over = false;
  let settling: Promise<void> = Promise.resolve();
  let settlesSoon = false;

  const settleBatch = async () => {
    const batch = ended.splice(0);
    if (batch.length === 0) return;
    try {
      await queue.enqueueAfter(batch.flatMap(({ again }) => again ?? []));
      await leases.release(batch.flatMap(({ lease }) => lease ?? []));
      await queue.complete(batch.map(({ job }) => job));
    } catch (error) {
      // The lease is kept until the result is written: no other worker may start before.
      log.warn({ error: reasonOf(error) }, 'keys not settled; trying again');
      ended.unshift(...batch);
      if (!over) setTimeout(settle, settleAgainMs);
      return;
    }
    for (const { job } of batch) underWay.delete(job.id);
    onSettled();
  };
  const settle = () => {
    settlesSoon = false;
    settling = settling.then(settleBatch);
  };
  return {
    /** Records when to reconcile again, and releases lease and job. */
    end(job: KeyJob, lease: Lease | undefined, again: DelayedKey | undefined) {
      ended.push({ job, lease, again });
      // Batched: one key costs as many statements as all of them.
      if (running.size === 0) setImmediate(settle);
      else if (!settlesSoon) {
        settlesSoon = true;
        setTimeout(settle, togetherMs);
      }
    },
    /** Stops retries and waits for writes in progress. */
    async stop() {
      over = true;
      await settling;
    },
  };
}

export type Settlement = ReturnType<typeof settlement>;
