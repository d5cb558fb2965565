import type { SweepCounts } from '../../store/sweeps/sweep.ts';
import type { SweepProgress } from '../../sweep/progress.ts';
import type { Screen } from '../output/progress.ts';

/** The progress of a sweep in numbers. */
export interface SweepStanding {
  /** Cells, with an estimate for accounts whose Regions are not listed yet. */
  readonly total: number;
  readonly ended: number;
  /** Cells per second; undefined before the first cell ends. */
  readonly rate: number | undefined;
  readonly secondsLeft: number | undefined;
}

/** The state at an earlier look, and how many seconds ago it was. */
interface Earlier {
  readonly ended: number;
  readonly seconds: number;
}

const endedOf = ({ done, notChecked }: SweepCounts): number => done + notChecked;

/** The progress of a sweep of the service. Pure. */
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

type Found = Pick<SweepCounts, 'findings' | 'notChecked'> & Partial<Pick<SweepCounts, 'accountsWaiting'>>;

/** Cells done, rate, findings and time left, in one line. Pure. */
export function sweepLine(
  { findings, notChecked, accountsWaiting = 0 }: Found,
  { total, ended, rate, secondsLeft }: SweepStanding,
): string {
  return [
    `${number(ended)} of ${accountsWaiting > 0 ? 'about ' : ''}${number(total)} cells`,
    ...(rate === undefined ? [] : [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} cells/s`]),
    `${number(findings)} findings`,
    ...(notChecked > 0 ? [`${number(notChecked)} not checked`] : []),
    ...(secondsLeft === undefined ? [] : [`about ${duration(secondsLeft)} left`]),
  ].join(', ');
}

/** Milliseconds between two lines, and between two rewrites of a line. */
const lineMs = 10_000;
const rewriteMs = 200;

/** One line that is rewritten in place on a terminal; elsewhere a new line every ten seconds. */
function lineView(screen: Screen, now: () => number) {
  const live = screen.isTTY === true;
  let shownAt = live ? Number.NEGATIVE_INFINITY : now();
  return {
    show(line: () => string) {
      if (now() - shownAt < (live ? rewriteMs : lineMs)) return;
      shownAt = now();
      screen.write(live ? `\r\u001b[2K${line().slice(0, (screen.columns ?? 80) - 1)}` : `${line()}\n`);
    },
    end: () => void (live && screen.write('\r\u001b[2K')),
  };
}

/** Shows the progress of a sweep of the service. */
export function sweepView(screen: Screen, now: () => number = () => performance.now()) {
  const { show, end } = lineView(screen, now);
  const started = now();
  let first: number | undefined;
  return {
    show(counts: SweepCounts) {
      first ??= endedOf(counts);
      const ended = first;
      show(() => sweepLine(counts, sweepStanding(counts, { ended, seconds: (now() - started) / 1_000 })));
    },
    end,
  };
}

/** Shows the progress of a sweep without a service. */
export function standaloneSweepView(screen: Screen, now: () => number = () => performance.now()) {
  const { show, end } = lineView(screen, now);
  return {
    show(progress: SweepProgress) {
      const { total, done: ended, cellsPerSecond, secondsLeft } = progress;
      const rate = ended > 0 ? cellsPerSecond : undefined;
      show(() => sweepLine(progress, { total, ended, rate, secondsLeft: secondsLeft ?? undefined }));
    },
    end,
  };
}
