import { expect, test } from 'vitest';
import { latest } from '../../../../controlplane/aws/latest.ts';

test('the entries that were used last are kept, and no more than so many', () => {
  const kept = latest<number>(2);
  let made = 0;
  const get = (key: string) => kept(key, () => (made += 1));
  expect([get('a'), get('b'), get('a'), get('c')]).toEqual([1, 2, 1, 3]);
  expect([get('a'), get('c')], 'used after b').toEqual([1, 3]);
  expect(get('b'), 'dropped, so made again').toBe(4);
});
