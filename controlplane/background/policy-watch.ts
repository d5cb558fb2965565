import { priorities } from '../queue/key-queue.ts';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { policyFileDigest, readPolicyFile } from '../settings/policy.ts';
import { hubKey } from '../stacks/key.ts';

interface PolicyWatchContext
  extends Uses<{ settings: 'policyFile' | 'narrowing'; queue: 'enqueue'; log: true }> {
  /** Called before the hub is woken: other workers have to know by then that this one has another policy. */
  readonly onChange?: () => Promise<void>;
  /** How often the file is looked at, milliseconds. */
  readonly everyMs?: number;
}

/** A new text is looked at again after this, milliseconds, or it could be the first part of one. */
const retryMs = 1_000;

/**
 * Has the hub reconciled a few seconds after the policy file was edited, once two looks in a row have found the same new
 * text: the first part of a file may be a policy too, without its exceptions. Looks at the text, as mounted files and
 * network disks tell of no change; what is there when it begins is no change. A policy that cannot be read wakes the hub
 * too: its condition then says so, and the hub keeps the policy that it has.
 */
export function watchPolicy({ settings, queue, log, onChange, everyMs = 5_000 }: PolicyWatchContext): {
  /** Resolves once no look is under way. */
  stop(): Promise<void>;
} {
  let known: string | undefined;
  let seen: string | undefined;
  /** How long until the next look. */
  const look = async (): Promise<number> => {
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
    known = seen; // not before somebody was told
    return everyMs;
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let looking: Promise<void>;
  const tick = () => {
    looking = look()
      .catch((error) => {
        log.warn({ key: hubKey, error: reasonOf(error) }, 'hub not woken; trying again');
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
      await looking;
    },
  };
}
