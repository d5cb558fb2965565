import { setTimeout as sleep } from 'node:timers/promises';

/** Lets time pass; a test's own does so at once. Rejects once the signal aborts. */
type Pause = (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;

const systemPause: Pause = (milliseconds, signal) => sleep(milliseconds, undefined, { signal });

/** The same delay again and again, in milliseconds: without end, or until so much time has passed in all. */
export function* every(milliseconds: number, forMs = Number.POSITIVE_INFINITY): Generator<number> {
  for (let spent = 0; spent < forMs; spent += milliseconds) yield milliseconds;
}

interface PollOptions {
  /** Aborted: the pause that is under way rejects. */
  readonly signal?: AbortSignal;
  readonly pause?: Pause;
}

/**
 * The first answer of a probe that is not undefined. It is asked at once, and again after each of the delays, in
 * milliseconds; undefined where it gave none by then. @throws what the probe throws; an AbortError once the signal aborts
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
