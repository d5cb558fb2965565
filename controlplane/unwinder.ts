import { reasonOf } from './errors.ts';
import type { Logger } from './log.ts';

/** Remembers how to close what was opened, so that a failure half-way, or the end, closes all of it in turn. */
export interface Unwinder {
  opened(name: string, close: () => Promise<unknown>): void;
  /** The last that was opened first; one that does not close keeps no other from it. */
  close(): Promise<void>;
}

export function unwinder(log: Logger): Unwinder {
  const closers: { name: string; close: () => Promise<unknown> }[] = [];
  return {
    opened: (name, close) => {
      closers.push({ name, close });
    },
    async close() {
      for (const { name, close } of closers.splice(0).reverse()) {
        await close().catch((error) => log.error({ part: name, error: reasonOf(error) }, 'did not close'));
      }
    },
  };
}
