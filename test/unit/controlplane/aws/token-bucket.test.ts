import { describe, expect, test } from 'vitest';
import { type BucketClock, tokenBucket } from '../../../../controlplane/aws/token-bucket.ts';

/** Time that moves on only where the bucket waits, as a busy caller's would. */
function fakeClock() {
  let now = 0;
  const clock: BucketClock = {
    now: () => now,
    async pause(milliseconds, signal) {
      signal?.throwIfAborted();
      now += milliseconds;
    },
  };
  return {
    clock,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

function createBucket(quota: { rate: number; burst: number }) {
  const { clock, advance } = fakeClock();
  let workers = 1;
  const bucket = tokenBucket(quota, { clock, parts: () => workers });
  const share = (next: number) => {
    workers = next;
  };
  const take = async (calls: number) => {
    for (let call = 0; call < calls; call += 1) await bucket.take();
  };
  return { bucket, clock, advance, take, share };
}

describe('a token bucket', () => {
  test('lets its burst through at once and the rest at its rate', async () => {
    const { clock, take } = createBucket({ rate: 10, burst: 20 });
    await take(20);
    expect(clock.now()).toBe(0);
    await take(30);
    expect(clock.now()).toBeCloseTo(3_000, -1);
  });

  test('fills up to its burst and no further', async () => {
    const { clock, advance, take } = createBucket({ rate: 10, burst: 20 });
    advance(3_600_000);
    await take(21);
    expect(clock.now() - 3_600_000).toBeCloseTo(100, -1);
  });

  test('serves callers in the order they came', async () => {
    const { bucket } = createBucket({ rate: 10, burst: 1 });
    const served: number[] = [];
    await Promise.all([0, 1, 2, 3].map((n) => bucket.take().then(() => served.push(n))));
    expect(served).toEqual([0, 1, 2, 3]);
  });

  test('halves its rate at a throttling answer, and starts from empty', async () => {
    const { bucket, clock, take } = createBucket({ rate: 10, burst: 20 });
    bucket.throttled();
    expect(bucket.rate()).toBe(5);
    await take(1);
    expect(clock.now()).toBeGreaterThan(150);
  });

  test('takes throttling answers of the same second for one overload', () => {
    const { bucket, advance } = createBucket({ rate: 10, burst: 20 });
    for (let answer = 0; answer < 50; answer += 1) bucket.throttled();
    expect(bucket.rate()).toBe(5);
    advance(1_000);
    bucket.throttled();
    expect(bucket.rate()).toBeCloseTo(2.75);
  });

  test('wins its rate back by addition, a twentieth of the quota a second', () => {
    const { bucket, advance } = createBucket({ rate: 10, burst: 20 });
    bucket.throttled();
    advance(4_000);
    expect(bucket.rate()).toBeCloseTo(7);
    advance(3_600_000);
    expect(bucket.rate()).toBe(10);
  });

  test('never stops altogether, however long it is throttled', async () => {
    const { bucket, clock, advance, take } = createBucket({ rate: 8, burst: 8 });
    for (let answer = 0; answer < 100; answer += 1) {
      bucket.throttled();
      advance(1_001);
    }
    bucket.throttled();
    const before = clock.now();
    await take(1);
    expect(clock.now() - before).toBeLessThan(5_000);
  });

  test('gives each of several workers its part', async () => {
    const { bucket, clock, take, share } = createBucket({ rate: 10, burst: 20 });
    share(4);
    await take(5);
    expect(clock.now()).toBe(0);
    expect(bucket.rate()).toBe(2.5);
    share(1);
    expect(bucket.rate()).toBe(10);
  });

  test('a burst smaller than the number of workers still lets one call through at a time', async () => {
    const { bucket, take, share } = createBucket({ rate: 2, burst: 4 });
    share(100);
    await take(3);
    expect(bucket.rate()).toBe(0.02);
  });

  test('a clock that goes back neither adds nor takes', async () => {
    const { bucket, clock, advance, take } = createBucket({ rate: 10, burst: 10 });
    await take(10);
    advance(-3_600_000);
    const before = clock.now();
    await bucket.take();
    expect(clock.now() - before).toBeLessThan(200);
  });
});

describe('giving up', () => {
  test('an aborted caller rejects at once and takes nothing; later callers continue', async () => {
    const waits: ((error?: Error) => void)[] = [];
    const clock: BucketClock = {
      now: () => 0,
      pause: () => new Promise((resolve, reject) => waits.push((e) => (e ? reject(e) : resolve()))),
    };
    const bucket = tokenBucket({ rate: 1, burst: 1 }, { clock });
    await bucket.take();
    const first = bucket.take();
    const ending = new AbortController();
    const second = bucket.take(ending.signal);
    ending.abort(new Error('the lease is lost'));
    await expect(second).rejects.toThrow('the lease is lost');
    await expect(bucket.take(ending.signal)).rejects.toThrow('the lease is lost');
    waits[0]?.(new Error('woken'));
    await expect(first).rejects.toThrow('woken');
    const third = bucket.take();
    waits.at(-1)?.(new Error('its turn came'));
    await Promise.resolve();
    await expect(Promise.race([third, Promise.resolve('waiting')])).resolves.toBe('waiting');
  });
});
