import { setTimeout as sleep } from 'node:timers/promises';

/** Replaced in tests. Rejects once the signal aborts. */
type Pause = (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;

const systemPause: Pause = (milliseconds, signal) => sleep(milliseconds, undefined, { signal });

/** A constant delay in milliseconds, without end or until the total is reached. */
export function* every(milliseconds: number, forMs = Number.POSITIVE_INFINITY): Generator<number> {
  for (let spent = 0; spent < forMs; spent += milliseconds) yield milliseconds;
}

interface PollOptions {
  readonly signal?: AbortSignal;
  readonly pause?: Pause;
}

/**
 * Returns the first defined result of a probe. The probe runs at once and after each delay, in milliseconds;
 * undefined when it never had a result. @throws what the probe throws; an AbortError once the signal aborts
 */
export async function poll<T>(
  delays: Iterable<number>,
  probe: () => Promise<T | undefined>,
  { signal, pause = systemPause }: PollOptions = {},
): Promise<T | undefined> {
  let answer = await probe();
  if (answer !== undefined) return answer;
  for (const delay of delays) {
    await pause(delay, signal);
    answer = await probe();
    if (answer !== undefined) return answer;
  }
  return undefined;
}
