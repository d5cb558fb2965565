import type { RunWithStacks } from '../client/http.ts';
import { plain } from './table.ts';

/** The progress of a run in numbers. */
export interface Standing {
  readonly total: number;
  readonly done: number;
  readonly running: readonly string[];
  readonly failed: number;
  /** Seconds left at the present rate; undefined before the first stack is done. */
  readonly secondsLeft: number | undefined;
}

const ended = new Set(['succeeded', 'unchanged', 'failed', 'unreachable', 'skipped']);

export function standingOf(run: RunWithStacks, now: number): Standing {
  const done = run.stacks.filter(({ state }) => ended.has(state)).length;
  const started = run.startedAt ? new Date(run.startedAt).getTime() : now;
  const left = run.stacks.length - done;
  return {
    total: run.stacks.length,
    done,
    running: run.stacks.filter(({ state }) => state === 'running').map(({ key }) => key),
    failed: run.stacks.filter(({ state }) => state === 'failed').length,
    secondsLeft: done > 0 ? Math.round((((now - started) / done) * left) / 1000) : undefined,
  };
}

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** The progress of work whose answer is JSON. */
export const silent = { show: () => undefined, end: () => undefined };

/**
 * Shows a run's progress: one line rewritten in place on a terminal, plain lines (one a stack, as it ends)
 * otherwise.
 */
export function progressView(screen: Screen): { show(run: RunWithStacks): void; end(): void } {
  const shown = new Set<string>();
  const live = screen.isTTY === true;
  const clear = () => live && screen.write('\r\u001b[2K');
  return {
    show(run) {
      const { total, done, running, failed, secondsLeft } = standingOf(run, Date.now());
      clear();
      for (const stack of run.stacks) {
        if (shown.has(stack.key) || !ended.has(stack.state)) continue;
        shown.add(stack.key);
        // The plan shows what a preview found.
        const planned = run.kind === 'preview' && stack.state === 'succeeded';
        const drifted = stack.drift.length > 0 && !planned;
        const loud = ['failed', 'unreachable'].includes(stack.state) || drifted;
        if (live && !loud) continue;
        screen.write(
          `${stack.state.padEnd(9)} ${stack.key}${stack.message && !planned ? `  ${plain(stack.message)}` : ''}\n`,
        );
      }
      if (!live) return;
      const left = secondsLeft === undefined ? '' : `, about ${secondsLeft} s left`;
      const line = `${done} of ${total} stacks done, ${running.length} running, ${failed} failed${left}  ${running.join(' ')}`;
      screen.write(line.slice(0, (screen.columns ?? 80) - 1));
    },
    end: () => void clear(),
  };
}
