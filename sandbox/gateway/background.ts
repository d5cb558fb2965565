import { setTimeout as sleep } from 'node:timers/promises';

/** Work without a waiting caller, such as the delivery of an event. */
export interface Background {
  /** Starts work and logs its failure. Nothing is started after `stop`. */
  follow(work: () => Promise<void>): void;
  /** Resolves when no work is in progress. */
  idle(): Promise<void>;
  /** Waits; rejects at once when the sandbox stops. */
  pause(milliseconds: number): Promise<void>;
  /** Set by `stop`. */
  halted: AbortSignal;
  /** Ends pauses, waits up to two seconds for work in progress and abandons the rest. */
  stop(): Promise<void>;
}

export function background(log: (line: string) => void): Background {
  const halt = new AbortController();
  const working = new Set<Promise<void>>();
  const idle = async (): Promise<void> => {
    while (working.size > 0) await Promise.all(working);
  };
  return {
    halted: halt.signal,
    follow(work) {
      if (halt.signal.aborted) return;
      const done: Promise<void> = work()
        .catch((error: Error) => {
          if (!halt.signal.aborted) log(error.stack ?? error.message);
        })
        .finally(() => working.delete(done));
      working.add(done);
    },
    idle,
    pause: (milliseconds) => sleep(milliseconds, undefined, { signal: halt.signal }),
    async stop() {
      halt.abort();
      await Promise.race([idle(), sleep(2000, undefined, { ref: false })]);
    },
  };
}
