import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Cell, CellRead } from '../../../../controlplane/sweep/read-cell.ts';
import { sweepCells } from '../../../../controlplane/sweep/sweep-cells.ts';

const read: CellRead = { kind: 'not-checked', reason: '' };
const grid = (accounts: number, regions: number): Cell[] =>
  Array.from({ length: accounts * regions }, (_, n) => ({
    accountId: `account-${Math.floor(n / regions)}`,
    region: `region-${n % regions}`,
  }));
const key = ({ accountId, region }: Cell) => `${accountId} ${region}`;

/** A reader that notes how many cells it reads at once, over all and by account and Region. */
function watchedReader() {
  const running: Cell[] = [];
  const most = { total: 0, account: 0, region: 0 };
  const same = (name: keyof Cell, cell: Cell) => running.filter((each) => each[name] === cell[name]).length;
  return {
    most,
    async read(cell: Cell) {
      running.push(cell);
      most.total = Math.max(most.total, running.length);
      most.account = Math.max(most.account, same('accountId', cell));
      most.region = Math.max(most.region, same('region', cell));
      for (let n = 0; n < 3; n += 1) await turn();
      running.splice(running.indexOf(cell), 1);
      return read;
    },
  };
}

describe('a sweep over cells', () => {
  test('reads each cell once, and as many at once as are allowed', async () => {
    const cells = grid(10, 7);
    const reader = watchedReader();
    const seen: string[] = [];
    await sweepCells({
      cells,
      read: reader.read,
      concurrent: { total: 8, account: 2, region: 3 },
      onCell: (cell) => void seen.push(key(cell)),
    });
    expect(seen.sort()).toEqual(cells.map(key).sort());
    expect(reader.most).toEqual({ total: 8, account: 2, region: 3 });
  });

  test('a slow receiver keeps further cells from being read', async () => {
    let [begun, handed] = [0, 0];
    await sweepCells({
      cells: grid(20, 1),
      read: async () => {
        begun += 1;
        return read;
      },
      concurrent: { total: 2, account: 1, region: 99 },
      onCell: async () => {
        await turn();
        handed += 1;
        expect(begun - handed).toBeLessThanOrEqual(2);
      },
    });
    expect(handed).toBe(20);
  });

  test('a failure ends the sweep after the cells under way', async () => {
    const ended: string[] = [];
    const swept = sweepCells({
      cells: grid(5, 1),
      read: async (cell) => {
        if (cell.accountId === 'account-0') throw new Error('store is away');
        await turn();
        return read;
      },
      concurrent: { total: 2, account: 1, region: 9 },
      onCell: (cell) => void ended.push(cell.accountId),
    });
    await expect(swept).rejects.toThrow('store is away');
    expect(ended).toEqual(['account-1']);
  });

  test('without a cell there is nothing to do', async () => {
    const concurrent = { total: 1, account: 1, region: 1 };
    await sweepCells({ cells: [], read: async () => read, concurrent, onCell: () => expect.unreachable() });
  });
});
