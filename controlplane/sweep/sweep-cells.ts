import type { Cell, CellRead } from './read-cell.ts';

/** How many cells are read at once: over all, in one account, in one Region. */
export interface Concurrency {
  readonly total: number;
  readonly account: number;
  readonly region: number;
}

interface Sweep<Swept extends Cell> {
  readonly cells: readonly Swept[];
  readonly read: (cell: Swept) => Promise<CellRead>;
  readonly concurrent: Concurrency;
  /** Awaited before the cell's place is free, so that a slow receiver slows the sweep instead of filling memory. */
  readonly onCell: (cell: Swept, read: CellRead) => void | Promise<void>;
}

/** This many waiting cells are searched for one whose account and Region have a free place. */
const lookAhead = 512;

/** Counts of what runs, by account and by Region. */
export function places({ account, region }: Pick<Concurrency, 'account' | 'region'>) {
  const running = new Map<string, number>();
  const count = (key: string) => running.get(key) ?? 0;
  const add = (key: string, by: number) => {
    const now = count(key) + by;
    if (now > 0) running.set(key, now);
    else running.delete(key);
  };
  return {
    isFree: (cell: Cell) => count(cell.accountId) < account && count(cell.region) < region,
    take(cell: Cell) {
      add(cell.accountId, 1);
      add(cell.region, 1);
    },
    release(cell: Cell) {
      add(cell.accountId, -1);
      add(cell.region, -1);
    },
  };
}

/**
 * Reads every cell once, many at a time, in about the given order. Returns when all are read and handed on. A failure
 * of `read` or `onCell` begins no further cell; what runs is finished first. @throws that failure
 */
export async function sweepCells<Swept extends Cell>(sweep: Sweep<Swept>): Promise<void> {
  const { cells, concurrent, read, onCell } = sweep;
  const waiting = cells.slice(0, lookAhead);
  let taken = waiting.length;
  const place = places(concurrent);
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  const begin = (cell: Swept) => {
    place.take(cell);
    const work = (async () => onCell(cell, await read(cell)))()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        place.release(cell);
        running.delete(work);
      });
    running.add(work);
  };

  while (!failure && waiting.length > 0) {
    const at = running.size < concurrent.total ? waiting.findIndex(place.isFree) : -1;
    if (at < 0) {
      await Promise.race(running);
      continue;
    }
    const [next] = waiting.splice(at, 1);
    waiting.push(...cells.slice(taken, taken + 1));
    taken += 1;
    if (next) begin(next);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
