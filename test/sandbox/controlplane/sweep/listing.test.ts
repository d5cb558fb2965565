import { expect, test } from 'vitest';
import { bothSides, everyKind, kinds } from './equality.ts';

test('the findings of a sweep equal those of an independent listing: 4 accounts × 2 Regions × 60 groups', async () => {
  const { listed, swept } = await bothSides(4, 2, 60);
  expect(kinds(listed)).toEqual(everyKind);
  expect(swept).toEqual(listed);
});
