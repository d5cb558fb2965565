import { expect, test } from 'vitest';
import { progressCounter } from '../../../../controlplane/sweep/progress.ts';
import { readCell } from '../../../../controlplane/sweep/read-cell.ts';
import { context, open } from './cell-sample.ts';

test('progress counts cells, findings without an exception, and the time left', async () => {
  let now = 0;
  const counter = progressCounter(10, () => now);
  expect(counter.progress()).toMatchObject({ done: 0, secondsLeft: null });
  const group = (GroupId: string) => ({ GroupId, OwnerId: '111111111111', IpPermissions: [open('tcp', 22)] });
  const SecurityGroups = [group('sg-1'), group('sg-bastion')];
  const { reading } = context({ DescribeSecurityGroups: { SecurityGroups } });
  const cell = { accountId: '111111111111', region: 'eu-west-1' };
  counter.count(await readCell(reading, cell, { sweepId: 's', readAt: new Date() }));
  counter.count({ kind: 'not-checked', reason: 'denied' });
  now = 4_000;
  expect(counter.progress()).toEqual({
    ...{ total: 10, done: 2, notChecked: 1, findings: 1 },
    ...{ cellsPerSecond: 0.5, secondsLeft: 16 },
  });
});
