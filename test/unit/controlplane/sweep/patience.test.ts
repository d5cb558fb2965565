import { describe, expect, test } from 'vitest';
import { everyPage, inParts, orUnread, patiently } from '../../../../controlplane/sweep/patience.ts';
import { refusal } from './cell-sample.ts';

/** A read that fails a number of times, and the pauses between. */
function failing(times: number, error: Error) {
  const pauses: number[] = [];
  let left = times;
  const read = async () => {
    left -= 1;
    if (left >= 0) throw error;
    return 'read';
  };
  return { read, pauses, pause: async (milliseconds: number) => pauses.push(milliseconds) };
}

describe('a read', () => {
  test.each(['RequestLimitExceeded', 'ThrottlingException', 'TooManyRequestsException'])(
    'that is throttled (%s) is sent again, later each time',
    async (name) => {
      const { read, pauses, pause } = failing(3, refusal(name));
      expect(await patiently(read, pause)).toBe('read');
      expect(pauses).toHaveLength(3);
      expect(pauses[2]).toBeGreaterThan(pauses[0] ?? 0);
    },
  );

  test('that stays throttled fails', async () => {
    const { read, pauses, pause } = failing(9, refusal('RequestLimitExceeded'));
    await expect(patiently(read, pause)).rejects.toThrow('no');
    expect(pauses).toHaveLength(3);
  });

  test('that is denied fails at once', async () => {
    const { read, pauses, pause } = failing(1, refusal('UnauthorizedOperation'));
    await expect(patiently(read, pause)).rejects.toThrow('no');
    expect(pauses).toEqual([]);
  });

  test('that fails is unread with the reason', async () => {
    const read = () => Promise.reject(refusal('UnauthorizedOperation'));
    expect(await orUnread('the subnets', read)).toEqual({
      unread: 'the subnets could not be read: UnauthorizedOperation: no',
    });
  });
});

describe('a listing', () => {
  test('is read to its last page', async () => {
    const seen: number[] = [];
    const pages: Record<string, { items: number[]; next: string | undefined }> = {
      first: { items: [1, 2], next: 'b' },
      b: { items: [], next: 'c' },
      c: { items: [3], next: undefined },
    };
    await everyPage(
      async (token) => pages[token ?? 'first'] ?? { items: [], next: undefined },
      (items) => void seen.push(...items),
    );
    expect(seen).toEqual([1, 2, 3]);
  });

  test('that returns a page token twice fails', async () => {
    const reading = everyPage(
      async () => ({ items: [], next: 'same' }),
      () => undefined,
    );
    await expect(reading).rejects.toThrow('the same page token twice');
  });
});

test('parts hold every item once, in order', () => {
  expect(inParts([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inParts([], 2)).toEqual([]);
});
