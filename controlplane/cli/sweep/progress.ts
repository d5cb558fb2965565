import type { SweepProgress } from '../../sweep/progress.ts';
import type { Screen } from '../output/progress.ts';

/** Milliseconds between lines where they cannot be rewritten. */
const lineEvery = 10_000;
const rewriteEvery = 200;

function timeText(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

export function progressLine({
  done,
  total,
  cellsPerSecond,
  findings,
  notChecked,
  secondsLeft,
}: SweepProgress): string {
  const left = secondsLeft === null ? '' : `, about ${timeText(secondsLeft)} left`;
  const failed = notChecked > 0 ? `, ${notChecked} not checked` : '';
  return `${done} of ${total} cells, ${cellsPerSecond.toFixed(1)} a second, ${findings} findings${failed}${left}`;
}

/** Shows where a sweep stands: one line that is rewritten on a terminal, a line now and then elsewhere. */
export function sweepProgressView(screen: Screen, now: () => number = Date.now) {
  const live = screen.isTTY === true;
  let shownAt = live ? 0 : now();
  return {
    show(progress: SweepProgress) {
      if (now() - shownAt < (live ? rewriteEvery : lineEvery)) return;
      shownAt = now();
      const line = progressLine(progress);
      screen.write(live ? `\r\u001b[2K${line.slice(0, (screen.columns ?? 80) - 1)}` : `${line}\n`);
    },
    end: () => void (live && screen.write('\r\u001b[2K')),
  };
}
