import { describe, expect, test } from 'vitest';
import { progressView, standingOf } from '../../../../controlplane/cli/output/progress.ts';
import { runOf, stackOf } from './run-sample.ts';

describe('progress', () => {
  const underWay = runOf({
    state: 'running',
    finishedAt: null,
    stacks: [
      stackOf('hub', 'succeeded'),
      stackOf('a', 'failed', { message: 'denied' }),
      stackOf('b', 'running'),
      stackOf('c', 'pending'),
    ],
  });
  const shown = (screen: { isTTY?: boolean; columns?: number }, times: number) => {
    let out = '';
    const view = progressView({ ...screen, write: (text) => (out += text) });
    for (let n = 0; n < times; n += 1) view.show(underWay);
    view.end();
    return out;
  };

  test('counts what is done, running and failed, and the time left at this pace', () => {
    expect(standingOf(underWay, 10_000)).toEqual({
      total: 4,
      done: 2,
      running: ['b'],
      failed: 1,
      secondsLeft: 10,
    });
    expect(standingOf(runOf({ stacks: [stackOf('a', 'pending')] }), 10_000).secondsLeft).toBeUndefined();
  });

  test('is one plain line a stack, once, where there is no terminal', () => {
    expect(shown({}, 3)).toBe('succeeded hub\nfailed    a  denied\n');
  });

  test('is one line rewritten in place on a terminal, failures above it', () => {
    const out = shown({ isTTY: true, columns: 120 }, 1);
    expect(out).toContain('failed    a  denied\n');
    expect(out).not.toContain('succeeded hub\n');
    expect(out).toMatch(/2 of 4 stacks done, 1 running, 1 failed/);
    expect(out.endsWith('\r\u001b[2K')).toBe(true);
  });

  test('leaves what a preview found to its plan', () => {
    let out = '';
    const view = progressView({ write: (text) => (out += text) });
    const found = [stackOf('hub', 'succeeded', { message: 'would create x; would create y' })];
    view.show(runOf({ kind: 'preview', stacks: [...found, stackOf('a', 'failed', { message: 'denied' })] }));
    expect(out).toBe('succeeded hub\nfailed    a  denied\n');
  });

  test('is never wider than the terminal', () => {
    const [line = ''] =
      shown({ isTTY: true, columns: 30 }, 1)
        .split('\n')
        .at(-1)
        ?.split('\r')
        .filter((part) => part.includes('done')) ?? [];
    expect(line.replace('\u001b[2K', '').length).toBeLessThan(30);
  });
});
