import { expect, test } from 'vitest';
import { table } from '../../../../controlplane/cli/output/table.ts';

test('a cell with line ends makes no row of its own, and moves no cursor', () => {
  const forged = 'a partner\nweb  active\r\u001b[2J\u2028x';
  const lines = table([
    ['NAME', 'WHY'],
    ['games', forged],
  ]).split('\n');
  expect(lines).toEqual(['NAME   WHY', 'games  a partner web  active  [2J x']);
});

test('a name does not change the direction of the text after it', () => {
  expect(table([['NAME'], ['a\u202eb\u2066c']]).split('\n')).toEqual(['NAME', 'abc']);
});

test('has more rows than a call has arguments', () => {
  const rows = Array.from({ length: 200_000 }, () => ['sg']);
  expect(table([['GROUP'], ...rows]).length).toBeGreaterThan(200_000);
});
