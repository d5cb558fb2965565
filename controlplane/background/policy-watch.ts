import { priorities } from '../queue/key-queue.ts';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { policyFileDigest, readPolicyFile } from '../settings/policy.ts';
import { hubKey } from '../stacks/key.ts';

interface PolicyWatchContext
  extends Uses<{ settings: 'policyFile' | 'narrowing'; queue: 'enqueue'; log: true }> {
  /** Called before the hub is enqueued: other workers must know this worker's new policy by then. */
  readonly onChange?: () => Promise<void>;
  /** How often the file is read, milliseconds. */
  readonly everyMs?: number;
}

/** A new text is read again after this, milliseconds: it may be incomplete. */
const retryMs = 1_000;

/**
 * Enqueues the hub a few seconds after the policy file changed, once two reads in a row return the same new text: an
 * incomplete file may be a valid policy without its exceptions. Compares the text, because mounted files and network
 * disks send no change events. An unreadable policy enqueues the hub too: its condition then reports it, and the hub
 * keeps its policy.
 */
export function watchPolicy({ settings, queue, log, onChange, everyMs = 5_000 }: PolicyWatchContext): {
  /** Resolves once no read is in progress. */
  stop(): Promise<void>;
} {
  let known: string | undefined;
  let seen: string | undefined;
  /** Returns the delay of the next read. */
  const read = async (): Promise<number> => {
    const before = seen;
    seen = await policyFileDigest(settings.policyFile);
    known ??= seen;
    if (seen === known) return everyMs;
    if (seen !== before) return Math.min(everyMs, retryMs);
    await onChange?.();
    await queue.enqueue([hubKey], priorities.request);
    await readPolicyFile(settings).then(
      () => log.info({ key: hubKey, file: settings.policyFile }, 'the policy file changed'),
      (error) => log.error({ key: hubKey, error: reasonOf(error) }, 'the policy file cannot be used'),
    );
    known = seen; // only after the hub was enqueued
    return everyMs;
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let reading: Promise<void>;
  const tick = () => {
    reading = read()
      .catch((error) => {
        log.warn({ key: hubKey, error: reasonOf(error) }, 'hub not enqueued; trying again');
        return everyMs;
      })
      .then((nextMs) => {
        if (!stopped) timer = setTimeout(tick, nextMs);
      });
  };
  tick();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await reading;
    },
  };
}
