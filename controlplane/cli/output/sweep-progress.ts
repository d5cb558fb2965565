import type { SweepCounts } from '../../store/sweeps/sweep.ts';
import type { Screen } from './progress.ts';

/** Where a sweep stands, in numbers. */
export interface SweepStanding {
  /** Cells, with a guess for accounts whose Regions are not listed yet. */
  readonly total: number;
  readonly ended: number;
  /** Cells a second since the first look; undefined before any ended. */
  readonly rate: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** What an earlier look saw, and how many seconds ago. */
interface Earlier {
  readonly ended: number;
  readonly seconds: number;
}

const endedOf = ({ done, notChecked }: SweepCounts): number => done + notChecked;

/** Pure. */
export function sweepStanding(counts: SweepCounts, since: Earlier): SweepStanding {
  const listed = counts.accounts - counts.accountsWaiting - counts.accountsNotChecked;
  const regions = listed > 0 ? counts.cells / listed : 1;
  const total = Math.round(counts.cells + counts.accountsWaiting * regions);
  const ended = endedOf(counts);
  const gained = ended - since.ended;
  const rate = gained > 0 && since.seconds > 0 ? gained / since.seconds : undefined;
  return { total, ended, rate, secondsLeft: rate && Math.ceil((total - ended) / rate) };
}

const number = (value: number): string => value.toLocaleString('en-US');

function duration(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  return seconds < 6_000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** Cells done, rate, findings and time left, in one line. Pure. */
export function sweepLine(counts: SweepCounts, { total, ended, rate, secondsLeft }: SweepStanding): string {
  return [
    `${number(ended)} of ${counts.accountsWaiting > 0 ? 'about ' : ''}${number(total)} cells`,
    ...(rate === undefined ? [] : [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} cells/s`]),
    `${number(counts.findings)} findings`,
    ...(counts.notChecked > 0 ? [`${number(counts.notChecked)} not checked`] : []),
    ...(secondsLeft === undefined ? [] : [`about ${duration(secondsLeft)} left`]),
  ].join(', ');
}

/** How often a line is written where it cannot be rewritten, milliseconds. */
const lineMs = 15_000;

/** Shows a sweep's progress: one line rewritten in place on a terminal, a line now and then otherwise. */
export function sweepView(screen: Screen): { show(counts: SweepCounts): void; end(): void } {
  const live = screen.isTTY === true;
  const started = performance.now();
  let first: number | undefined;
  let written = started;
  return {
    show(counts) {
      first ??= endedOf(counts);
      const now = performance.now();
      const line = sweepLine(
        counts,
        sweepStanding(counts, { ended: first, seconds: (now - started) / 1000 }),
      );
      if (live) screen.write(`\r\u001b[2K${line.slice(0, (screen.columns ?? 80) - 1)}`);
      else if (now - written >= lineMs) {
        written = now;
        screen.write(`${line}\n`);
      }
    },
    end: () => void (live && screen.write('\r\u001b[2K')),
  };
}
