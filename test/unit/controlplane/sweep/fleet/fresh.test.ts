import { expect, test } from 'vitest';
import { fresh } from '../../../../../controlplane/sweep/fleet/fresh.ts';

test('callers that come while it is read get what is read, and so do later ones', async () => {
  let reads = 0;
  const read = fresh(60_000, async () => {
    reads += 1;
    return `read ${reads}`;
  });
  expect(await Promise.all([read(), read()])).toEqual(['read 1', 'read 1']);
  expect(await read()).toBe('read 1');
});

test('it is read again after a failure, and once it is old', async () => {
  let reads = 0;
  const read = fresh(0, async () => {
    reads += 1;
    if (reads === 1) throw new Error('no answer');
    return reads;
  });
  await expect(read()).rejects.toThrow('no answer');
  expect(await read()).toBe(2);
  expect(await read()).toBe(3);
  let failures = 0;
  const kept = fresh(60_000, async () => {
    failures += 1;
    if (failures === 1) throw new Error('no answer');
    return failures;
  });
  await expect(kept()).rejects.toThrow('no answer');
  expect(await kept()).toBe(2);
});
