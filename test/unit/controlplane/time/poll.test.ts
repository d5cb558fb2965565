import { describe, expect, test } from 'vitest';
import { every, poll } from '../../../../controlplane/time/poll.ts';

/** A clock that passes at once, and a probe with an answer from a time on. */
function world(answersAt = Number.POSITIVE_INFINITY) {
  const asked: number[] = [];
  let now = 0;
  const pause = async (milliseconds: number, signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    now += milliseconds;
  };
  const probe = async () => {
    asked.push(now);
    return now >= answersAt ? `answered at ${now}` : undefined;
  };
  return { asked, pause, probe };
}

describe('a poll', () => {
  test('that is answered at once waits for nothing', async () => {
    const { asked, pause, probe } = world(0);
    expect(await poll([100], probe, { pause })).toBe('answered at 0');
    expect(asked).toEqual([0]);
  });

  test('asks again after each delay until there is an answer', async () => {
    const { asked, pause, probe } = world(300);
    expect(await poll([100, 200, 400], probe, { pause })).toBe('answered at 300');
    expect(asked).toEqual([0, 100, 300]);
  });

  test('has no answer once the delays are over', async () => {
    const { asked, pause, probe } = world();
    expect(await poll(every(100, 300), probe, { pause })).toBeUndefined();
    expect(asked).toEqual([0, 100, 200, 300]);
  });

  test('takes any answer but undefined', async () => {
    const { pause } = world();
    expect(await poll([], async () => false, { pause })).toBe(false);
    expect(await poll([], async () => null, { pause })).toBeNull();
  });

  test('ends with the error of its probe', async () => {
    const { pause } = world();
    await expect(poll(every(100), () => Promise.reject(new Error('no')), { pause })).rejects.toThrow('no');
  });

  test('ends once its signal aborts, in the middle of a real pause too', async () => {
    const stopping = new AbortController();
    const { asked, probe } = world();
    const polled = poll(every(60_000), probe, { signal: stopping.signal });
    setTimeout(() => stopping.abort(), 10);
    await expect(polled).rejects.toThrow(/abort/i);
    expect(asked).toEqual([0]);
  });
});
