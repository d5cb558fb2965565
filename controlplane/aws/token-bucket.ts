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

/** Rejects as soon as the signal aborts, not when its turn comes. */
function unlessAborted(mine: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    mine.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** One at a time, first come first served; `waiting` counts those that have not had their turn. */
function line() {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    waiting: () => waiting,
    async join(turn: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
      signal?.throwIfAborted();
      waiting += 1;
      const mine = last.then(turn).finally(() => {
        waiting -= 1;
      });
      last = mine.catch(() => undefined);
      return signal ? unlessAborted(mine, signal) : mine;
    },
  };
}

/** The tokens and the rate that they come back at, as of the last refill. */
function contents(quota: { readonly rate: number; readonly burst: number }, clock: BucketClock) {
  const state = {
    parts: 1,
    factor: 1,
    tokens: quota.burst,
    at: clock.now(),
    halvedAt: Number.NEGATIVE_INFINITY,
  };
  const capacity = () => Math.max(1, quota.burst / state.parts);
  const rate = () => (quota.rate * state.factor) / state.parts;

  /** Brings tokens and rate up to now; a clock that went back adds nothing. */
  function refill(): void {
    const now = clock.now();
    const seconds = Math.max(0, now - state.at) / 1_000;
    state.at = now;
    state.tokens = Math.min(capacity(), state.tokens + seconds * rate());
    state.factor = Math.min(1, state.factor + seconds * recoveryPerSecond);
  }
  return { state, capacity, rate, refill };
}

/**
 * A token bucket whose rate is halved by throttling answers and recovers by addition (AIMD, as TCP's congestion
 * avoidance): refilled continuously at `rate` a second, holding at most `burst`.
 */
export function tokenBucket(
  quota: { readonly rate: number; readonly burst: number },
  clock: BucketClock = systemClock,
): TokenBucket {
  const { waiting, join } = line();
  const { state, capacity, rate, refill } = contents(quota, clock);

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      refill();
      if (state.tokens >= 1) break;
      // At most a second at a time: the rate may have changed meanwhile.
      await clock.pause(Math.min(1_000, Math.max(1, ((1 - state.tokens) / rate()) * 1_000)), signal);
    }
    state.tokens -= 1;
  }

  return {
    take: (signal) => join(() => turn(signal), signal),
    throttled() {
      refill();
      state.tokens = 0;
      if (state.at - state.halvedAt < oneOverload) return;
      state.halvedAt = state.at;
      state.factor = Math.max(leastFactor, state.factor / 2);
    },
    share(parts) {
      refill();
      state.parts = Math.max(1, parts);
      state.tokens = Math.min(state.tokens, capacity());
    },
    idle() {
      refill();
      return waiting() === 0 && state.factor === 1 && state.tokens >= capacity();
    },
    rate() {
      refill();
      return rate();
    },
  };
}
