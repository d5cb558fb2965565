import { expect, test } from 'vitest';
import { standaloneSweepView } from '../../../../../controlplane/cli/sweep/progress.ts';

const progress = {
  total: 85_000,
  done: 1_700,
  notChecked: 2,
  findings: 31,
  cellsPerSecond: 170,
  secondsLeft: 490,
};

test.each([
  [true, ['\r\u001b[2K1,700 of 8', '\r\u001b[2K']],
  [false, ['1,700 of 85,000 cells, 170 cells/s, 31 findings, 2 not checked, about 8 min left\n']],
])('on a terminal (%s) the line is rewritten; elsewhere there is a line now and then', (isTTY, begins) => {
  const written: string[] = [];
  let now = 0;
  const view = standaloneSweepView({ isTTY, columns: 11, write: (text) => written.push(text) }, () => now);
  for (const time of isTTY ? [500, 600] : [500, 9_999, 10_000, 12_000]) {
    now = time;
    view.show(progress);
  }
  view.end();
  expect(written).toHaveLength(begins.length);
  for (const [index, begin] of begins.entries()) expect(written[index]?.startsWith(begin)).toBe(true);
});
