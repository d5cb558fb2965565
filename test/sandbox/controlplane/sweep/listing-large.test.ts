import { expect, test } from 'vitest';
import { bothSides, everyKind, kinds } from './equality.ts';

test('the findings of a sweep equal those of an independent listing: 50 accounts × 4 Regions × 200 groups', async () => {
  const { listed, swept } = await bothSides(50, 4, 200);
  expect(kinds(listed)).toEqual(everyKind);
  expect(swept).toEqual(listed);
});
