import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';

/** Milliseconds; replaced in tests. */
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
  /** Resolves when a call may be sent, in order of arrival. @throws the signal's reason as soon as it aborts */
  take(signal?: AbortSignal): Promise<void>;
  /** Empties the bucket and halves its rate, after a throttling response. */
  throttled(): void;
  /** Calls per second at present. */
  rate(): number;
}

/** The minimum share of the quota: calls are needed to notice a recovery. */
const leastFactor = 1 / 32;
/** Recovery per second without a throttling response, as a share of the quota: twenty seconds from zero to full. */
const recoveryPerSecond = 0.05;
/** Throttling responses within this time are one overload and halve the rate once. */
const oneOverload = 1_000;

/** Rejects as soon as the signal aborts, not when its turn comes. */
function unlessAborted(mine: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    mine.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Throttling responses halve the rate, and it recovers by addition (AIMD, as in TCP).
 * @param parts how many share the quota now
 */
export function tokenBucket(
  quota: { readonly rate: number; readonly burst: number },
  {
    clock = systemClock,
    parts = () => 1,
  }: { readonly clock?: BucketClock; readonly parts?: () => number } = {},
): TokenBucket {
  const inTurn = pLimit(1);
  let [factor, tokens, at, halvedAt] = [1, quota.burst, clock.now(), Number.NEGATIVE_INFINITY];
  const currentRate = () => (quota.rate * factor) / parts();

  /** Updates tokens and rate. A clock that moved back adds nothing. */
  function refill(): void {
    const now = clock.now();
    const seconds = Math.max(0, now - at) / 1_000;
    at = now;
    tokens = Math.min(Math.max(1, quota.burst / parts()), tokens + seconds * currentRate());
    factor = Math.min(1, factor + seconds * recoveryPerSecond);
  }

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      refill();
      if (tokens >= 1) break;
      // At most a second at a time, because the rate may change meanwhile.
      await clock.pause(Math.min(1_000, Math.max(1, ((1 - tokens) / currentRate()) * 1_000)), signal);
    }
    tokens -= 1;
  }

  return {
    async take(signal) {
      signal?.throwIfAborted();
      const mine = inTurn(() => turn(signal));
      return signal ? unlessAborted(mine, signal) : mine;
    },
    throttled() {
      refill();
      tokens = 0;
      if (at - halvedAt < oneOverload) return;
      halvedAt = at;
      factor = Math.max(leastFactor, factor / 2);
    },
    rate() {
      refill();
      return currentRate();
    },
  };
}
