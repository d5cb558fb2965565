import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import type { DelayedKey, KeyJob, KeyQueue } from './key-queue.ts';
import type { Lease, Leases } from './leases.ts';

const togetherMs = 10;
const settleAgainMs = 1_000;

/** What a worker has in hand. */
export interface Hands {
  readonly underWay: Map<string, KeyJob>;
  /** Keys whose reconcile has not returned: of a lease that was lost as well, while what it began still ends. */
  readonly running: Set<string>;
}

export interface Settlement {
  /** Writes down when to look again, and gives lease and job back. */
  end(job: KeyJob, lease: Lease | undefined, again: DelayedKey | undefined): void;
  /** Tries no more what fails, and waits for what is being written down. */
  stop(): Promise<void>;
}

/** Settles what ended. In its order: whoever finds the key free finds it waiting as well, and a job that is not ended is done again. */
export function settlement(
  { queue, leases, log }: { readonly queue: KeyQueue; readonly leases: Leases; readonly log: Logger },
  { underWay, running }: Hands,
  onSettled: () => void,
): Settlement {
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
      // Held until it is written down: nobody else may begin what this worker may have done.
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
    end(job, lease, again) {
      ended.push({ job, lease, again });
      // What ends together is settled together: one key costs as many statements as all of them.
      if (running.size === 0) setImmediate(settle);
      else if (!settlesSoon) {
        settlesSoon = true;
        setTimeout(settle, togetherMs);
      }
    },
    async stop() {
      over = true;
      await settling;
    },
  };
}
