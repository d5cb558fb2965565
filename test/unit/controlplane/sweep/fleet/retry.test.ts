import { expect, test } from 'vitest';
import { againAfter } from '../../../../../controlplane/sweep/fleet/retry.ts';

const pauses = (reason: string, most: number) =>
  Array.from({ length: most }, (_, attempts) => againAfter(attempts, reason));

test('a refused read is tried again twice, and then not checked', () => {
  expect(pauses('UnauthorizedOperation: you may not', 4)).toEqual([5_000, 30_000, undefined, undefined]);
});

const dayMs = 24 * 3_600_000;
test.each([
  ['a throttled read', 'RequestLimitExceeded: Request limit exceeded.', dayMs],
  ['a read without an answer', 'TimeoutError: connect ETIMEDOUT', 30 * 60_000],
])('%s is tried again for a time, at most five minutes apart, and then not checked', (_, reason, time) => {
  const waited = pauses(reason, 400);
  const given = waited.filter((pause) => pause !== undefined);
  expect(given.slice(0, 3)).toEqual([5_000, 10_000, 20_000]);
  expect(Math.max(...given)).toBe(300_000);
  const whole = given.reduce((sum, pause) => sum + pause, 0);
  expect(whole).toBeGreaterThan(time);
  expect(whole).toBeLessThan(time + 30 * 60_000);
  expect(waited.slice(given.length)).toEqual(Array(400 - given.length).fill(undefined));
});
