import { setTimeout as rest } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';

type Close = (whole: boolean) => Promise<unknown>;

/** Remembers how to close what was opened, so that a failure half-way, or the end, closes all of it in turn. */
export interface Shutdown {
  /**
   * `close` is told whether all that was closed before has ended. `interrupt` tells the part to take nothing more and to
   * end what it has in hand; it must not block or throw.
   */
  register(name: string, close: Close, interrupt?: () => void): void;
  /**
   * Interrupts every part, and then closes them, the last that was opened first; one that does not close keeps no other
   * from it. What has not ended in time is let go: all are closed, or left, within the limit and a few seconds.
   */
  close(): Promise<void>;
}

interface Limits {
  /** How long all parts together may take to end, milliseconds. */
  readonly workMs?: number;
  /** How long one may take to close once that time is over, milliseconds. */
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

  /** Whether the part closed in that time. */
  const closes = async ({ name, close }: Part, whole: boolean, ms: number): Promise<boolean> => {
    const timer = new AbortController();
    const late = rest(ms, over, { signal: timer.signal }).catch(() => over);
    try {
      const ended = (await Promise.race([close(whole), late])) !== over;
      if (!ended) log.error({ part: name }, 'did not close in time; let go');
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
