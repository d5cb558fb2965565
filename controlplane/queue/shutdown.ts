import { setTimeout as rest } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';

type Close = (whole: boolean) => Promise<unknown>;

/** Registers how to close each part, so that a failed start or a stop closes all of them. */
export interface Shutdown {
  /** `close` receives whether all parts closed before it ended. `interrupt` must not block or throw. */
  register(name: string, close: Close, interrupt?: () => void): void;
  /**
   * Interrupts every part, then closes them in reverse order. A part that fails or hangs does not block the others:
   * all are closed or abandoned within the limit and a few seconds.
   */
  close(): Promise<void>;
}

interface Limits {
  /** Time limit for all parts together, milliseconds. */
  readonly workMs?: number;
  /** Time limit per part once that is over, milliseconds. */
  readonly leastMs?: number;
}

interface Part {
  readonly name: string;
  readonly close: Close;
  readonly interrupt?: (() => void) | undefined;
}

const over = Symbol('over');

export function createShutdown(log: Logger, { workMs = 60_000, leastMs = 1_000 }: Limits = {}): Shutdown {
  const opened: Part[] = [];

  const closes = async ({ name, close }: Part, whole: boolean, ms: number): Promise<boolean> => {
    const timer = new AbortController();
    const late = rest(ms, over, { signal: timer.signal }).catch(() => over);
    try {
      const ended = (await Promise.race([close(whole), late])) !== over;
      if (!ended) log.error({ part: name }, 'did not close in time; abandoned');
      return ended;
    } catch (error) {
      log.error({ part: name, error: reasonOf(error) }, 'did not close');
      return true;
    } finally {
      timer.abort();
    }
  };

  return {
    register: (name, close, interrupt) => {
      opened.push({ name, close, interrupt });
    },
    async close() {
      const until = performance.now() + workMs;
      const parts = opened.splice(0).reverse();
      for (const { interrupt } of parts) interrupt?.();
      let whole = true;
      for (const part of parts) {
        const ended = await closes(part, whole, Math.max(leastMs, until - performance.now()));
        whole &&= ended;
      }
    },
  };
}
