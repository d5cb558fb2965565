import { setTimeout as sleep } from 'node:timers/promises';

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
  /** Resolves when a call may be sent, in order of arrival. @throws the signal's reason once it aborts */
  take(signal?: AbortSignal): Promise<void>;
  /** Empties the bucket and halves its rate, after a throttling response. */
  throttled(): void;
  /** Divides the quota by the number of workers that share it. */
  share(parts: number): void;
  /** Full and at its full rate, as a new bucket. */
  idle(): boolean;
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

/** One at a time, in order of arrival; `waiting` counts the callers before their turn. */
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

  /** Updates tokens and rate. A clock that moved back adds nothing. */
  function refill(): void {
    const now = clock.now();
    const seconds = Math.max(0, now - state.at) / 1_000;
    state.at = now;
    state.tokens = Math.min(capacity(), state.tokens + seconds * rate());
    state.factor = Math.min(1, state.factor + seconds * recoveryPerSecond);
  }
  return { state, capacity, rate, refill };
}

/** Throttling responses halve the rate, and it recovers by addition (AIMD, as in TCP). */
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
      // At most a second at a time, because the rate may change meanwhile.
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
