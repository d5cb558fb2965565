import type { CellRead } from './read-cell.ts';

/** Where a sweep stands. */
export interface SweepProgress {
  readonly total: number;
  readonly done: number;
  readonly notChecked: number;
  /** Rules that the policy forbids and no exception allows. */
  readonly findings: number;
  readonly cellsPerSecond: number;
  /** At the present rate; null before the first cell is done. */
  readonly secondsLeft: number | null;
}

/** Counts what was read. The rate is that of this process, also where a sweep was resumed. */
export function progressCounter(total: number, now: () => number = Date.now) {
  const startedAt = now();
  let [done, notChecked, findings] = [0, 0, 0];
  return {
    count(read: CellRead) {
      done += 1;
      if (read.kind === 'not-checked') notChecked += 1;
      else findings += read.reading.findings.filter(({ exceptions }) => exceptions.length === 0).length;
    },
    progress(): SweepProgress {
      const seconds = Math.max(0.001, (now() - startedAt) / 1_000);
      const cellsPerSecond = done / seconds;
      const secondsLeft = done > 0 ? Math.round((total - done) / cellsPerSecond) : null;
      return { total, done, notChecked, findings, cellsPerSecond, secondsLeft };
    },
  };
}
