import { expect, test } from 'vitest';
import { progressLine, sweepProgressView } from '../../../../../controlplane/cli/sweep/progress.ts';

const progress = {
  total: 85_000,
  done: 1_700,
  notChecked: 2,
  findings: 31,
  cellsPerSecond: 170,
  secondsLeft: 490,
};

test('a line says cells, rate, findings and time left', () => {
  expect(progressLine(progress)).toBe(
    '1700 of 85000 cells, 170.0 a second, 31 findings, 2 not checked, about 8 min left',
  );
  expect(progressLine({ ...progress, notChecked: 0, secondsLeft: null })).toBe(
    '1700 of 85000 cells, 170.0 a second, 31 findings',
  );
});

test.each([
  [true, ['\r\u001b[2K1700 of 85', '\r\u001b[2K']],
  [false, ['1700 of 85000']],
])('on a terminal (%s) the line is rewritten; elsewhere there is a line now and then', (isTTY, begins) => {
  const written: string[] = [];
  let now = 0;
  const view = sweepProgressView({ isTTY, columns: 11, write: (text) => written.push(text) }, () => now);
  for (const time of isTTY ? [500, 600] : [500, 9_999, 10_000, 12_000]) {
    now = time;
    view.show(progress);
  }
  view.end();
  expect(written).toHaveLength(begins.length);
  for (const [index, begin] of begins.entries()) expect(written[index]?.startsWith(begin)).toBe(true);
});
