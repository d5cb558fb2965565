import { setTimeout as sleep } from 'node:timers/promises';

/** Time as a bucket sees it; a test's own. Milliseconds. */
export interface BucketClock {
  now(): number;
  /** Rejects once the signal aborts. */
  pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

export const systemClock: BucketClock = {
  now: () => performance.now(),
  pause: (milliseconds, signal) => sleep(milliseconds, undefined, signal && { signal }),
};

export interface TokenBucket {
  /** Resolves when a call may be sent, first come first served. @throws the signal's reason once it aborts. */
  take(signal?: AbortSignal): Promise<void>;
  /** Told of a throttling answer: empties the bucket and halves its rate. */
  throttled(): void;
  /** Takes one part in so many of the quota, as many workers share it. */
  share(parts: number): void;
  /** Full and at its whole rate: a new bucket would be the same. */
  idle(): boolean;
  /** Calls a second as of now. */
  rate(): number;
}

/** Below this share of its quota a bucket never falls: something has to be tried to learn that it works again. */
const leastFactor = 1 / 32;
/** What a second without a throttling answer wins back, as a share of the quota: twenty seconds from nothing to all. */
const recoveryPerSecond = 0.05;
/** Throttling answers this close together tell of one overload; it is halved once. */
const oneOverload = 1_000;

/**
 * A token bucket whose rate is halved by throttling answers and recovers by addition (AIMD, as TCP's congestion
 * avoidance): refilled continuously at `rate` a second, holding at most `burst`.
 */
export function tokenBucket(
  quota: { readonly rate: number; readonly burst: number },
  clock: BucketClock = systemClock,
): TokenBucket {
  let parts = 1;
  let factor = 1;
  let tokens = quota.burst;
  let at = clock.now();
  let halvedAt = Number.NEGATIVE_INFINITY;
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const capacity = () => Math.max(1, quota.burst / parts);
  const rate = () => (quota.rate * factor) / parts;

  /** Brings tokens and rate up to now; a clock that went back adds nothing. */
  function refill(): void {
    const now = clock.now();
    const seconds = Math.max(0, now - at) / 1_000;
    at = now;
    tokens = Math.min(capacity(), tokens + seconds * rate());
    factor = Math.min(1, factor + seconds * recoveryPerSecond);
  }

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      refill();
      if (tokens >= 1) break;
      // At most a second at a time: the rate may have changed meanwhile.
      await clock.pause(Math.min(1_000, Math.max(1, ((1 - tokens) / rate()) * 1_000)), signal);
    }
    tokens -= 1;
  }

  /** Whoever gives up waiting is told at once, not when its turn comes. */
  function unlessAborted(mine: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      mine.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  return {
    take(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      waiting += 1;
      const mine = queue
        .then(() => turn(signal))
        .finally(() => {
          waiting -= 1;
        });
      queue = mine.catch(() => undefined);
      return signal ? unlessAborted(mine, signal) : mine;
    },
    throttled() {
      refill();
      tokens = 0;
      const now = clock.now();
      if (now - halvedAt < oneOverload) return;
      halvedAt = now;
      factor = Math.max(leastFactor, factor / 2);
    },
    share(next) {
      refill();
      parts = Math.max(1, next);
      tokens = Math.min(tokens, capacity());
    },
    idle() {
      refill();
      return waiting === 0 && factor === 1 && tokens >= capacity();
    },
    rate() {
      refill();
      return rate();
    },
  };
}
