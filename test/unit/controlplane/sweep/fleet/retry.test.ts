import { expect, test } from 'vitest';
import { againAfter } from '../../../../../controlplane/sweep/fleet/retry.ts';

const pauses = (reason: string, most: number) =>
  Array.from({ length: most }, (_, attempts) => againAfter(attempts, reason));

test('a refused read is tried again twice, and then not checked', () => {
  expect(pauses('UnauthorizedOperation: you may not', 4)).toEqual([5_000, 30_000, undefined, undefined]);
});

test('a throttled read is tried again without end, at most five minutes apart', () => {
  const waited = pauses('RequestLimitExceeded: Request limit exceeded.', 100);
  expect(waited.every((pause) => pause !== undefined && pause <= 300_000)).toBe(true);
  expect(waited.slice(0, 3)).toEqual([5_000, 10_000, 20_000]);
});

test('a read without an answer is tried again for more than half an hour, and then not checked', () => {
  const waited = pauses('TimeoutError: connect ETIMEDOUT', 20);
  const given = waited.filter((pause) => pause !== undefined);
  expect(given.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(30 * 60_000);
  expect(waited.at(-1)).toBeUndefined();
});
