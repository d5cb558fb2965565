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
