import type { Cell, CellRead } from './read-cell.ts';

/** How many cells are read at once: over all, in one account, in one Region. */
export interface Concurrency {
  readonly total: number;
  readonly account: number;
  readonly region: number;
}

interface Sweep<Swept extends Cell> {
  /** Read as needed: a million cells need no more memory than a few hundred. */
  readonly cells: Iterable<Swept> | AsyncIterable<Swept>;
  readonly read: (cell: Swept) => Promise<CellRead>;
  readonly concurrent: Concurrency;
  /** Awaited before the cell's place is free, so that a slow store slows the sweep instead of filling memory. */
  readonly onCell: (cell: Swept, read: CellRead) => void | Promise<void>;
  /** After an abort no further cell begins. */
  readonly signal?: AbortSignal | undefined;
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

/** The next cells, as many as are searched. */
function waitingCells<Swept extends Cell>(cells: Sweep<Swept>['cells']) {
  const iterator = Symbol.asyncIterator in cells ? cells[Symbol.asyncIterator]() : cells[Symbol.iterator]();
  const waiting: Swept[] = [];
  let ended = false;
  return {
    async fill() {
      while (!ended && waiting.length < lookAhead) {
        const { done, value } = await iterator.next();
        if (done) ended = true;
        else waiting.push(value);
      }
    },
    take(isFree: (cell: Cell) => boolean): Swept | undefined {
      const at = waiting.findIndex(isFree);
      return at < 0 ? undefined : waiting.splice(at, 1)[0];
    },
    isEmpty: () => ended && waiting.length === 0,
  };
}

/**
 * Reads every cell once, many at a time, in about the given order. Returns when all are read and handed on. A failure
 * of `read` or `onCell`, or an abort, begins no further cell; what runs is finished first. @throws that failure, or the
 * signal's reason
 */
export async function sweepCells<Swept extends Cell>(sweep: Sweep<Swept>): Promise<void> {
  const { concurrent, read, onCell, signal } = sweep;
  const waiting = waitingCells(sweep.cells);
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

  try {
    while (!failure && !signal?.aborted) {
      await waiting.fill();
      if (waiting.isEmpty()) break;
      const next = running.size < concurrent.total ? waiting.take(place.isFree) : undefined;
      if (next) begin(next);
      else await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (failure) throw failure.error;
  signal?.throwIfAborted();
}
