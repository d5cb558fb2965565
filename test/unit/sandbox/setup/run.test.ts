import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { summarize } from '../../../../.ci/summary.mjs';

const script = path.resolve(import.meta.dirname, '../../../../sandbox/setup/run.mjs');

test('an unknown script is refused with the list of scripts', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, 'tset'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /no script "tset"[\s\S]*setup, test, test:long, test:faults, test:api, test:postgres, demo/,
  );
});

test('set-up refuses an option that it does not know, before it does anything', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, 'setup', '--prod'], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/set-up has no option --prod\. .*--production/);
});

describe('a signal to set-up', () => {
  const command = path.resolve(import.meta.dirname, '../../../../sandbox/setup/command.mjs');

  /** How a process that evaluates `run` ends, sent the signal once it printed something. */
  async function endOf(run: string, signal?: 'SIGTERM') {
    const code = `import { runCommand, runInForeground } from ${JSON.stringify(command)};
      process.exitCode = await ${run};`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (signal) child.stdout.once('data', () => child.kill(signal));
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    return new Promise<{ exit: number | null; output: string }>((resolve) =>
      child.once('close', (exit) => resolve({ exit, output })),
    );
  }
  const foreground = (shell: string) =>
    `runInForeground(['sh', '-c', ${JSON.stringify(shell)}], process.env)`;

  test('is passed to the command behind a script, whose exit code counts', async () => {
    expect(await endOf(foreground('exit 7'))).toMatchObject({ exit: 7 });
    const trapped = foreground('trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done');
    expect(await endOf(trapped, 'SIGTERM')).toMatchObject({ exit: 9 });
  });

  test('that ends the command behind a script counts as 128 and its number', async () => {
    expect(await endOf(foreground('echo ready; exec sleep 20'), 'SIGTERM')).toMatchObject({ exit: 143 });
  });

  test('ends a command of set-up with its children', async () => {
    const run = "runCommand('sh', ['-c', 'sleep 20 & echo $!; wait'], { onLine: console.log })";
    const { exit, output } = await endOf(run, 'SIGTERM');
    expect(exit).toBe(143);
    await vi.waitFor(() => expect(() => process.kill(Number(output), 0)).toThrow('ESRCH'), 10_000);
  });
});

describe('the summary of a test run', () => {
  const passed = { fullName: 'a', status: 'passed' };
  const failed = { fullName: 'b', status: 'failed' };
  const skipped = { fullName: 'c', status: 'skipped', meta: { skipReason: 'no Postgres here' } };
  const file = (assertionResults: { fullName: string; status: string }[], status = 'passed') => {
    return { name: '/x/file.test.ts', status, message: 'cannot load', assertionResults };
  };

  test('counts on the last line and names what was skipped, with the reason', () => {
    const report = { success: true, testResults: [file([passed, skipped]), file([passed])] };
    expect(summarize(report)).toEqual({
      lines: ['skipped: c: no Postgres here', '2 passed, 0 failed, 1 skipped'],
      success: true,
    });
  });

  test('a failed test is a failure', () => {
    const { lines, success } = summarize({ success: false, testResults: [file([passed, failed], 'failed')] });
    expect({ last: lines.at(-1), success }).toEqual({ last: '1 passed, 1 failed', success: false });
  });

  test('a file that did not load is a failure, though no test failed', () => {
    const { lines, success } = summarize({
      success: false,
      testResults: [file([], 'failed'), file([passed])],
    });
    expect({ lines, success }).toEqual({
      lines: ['failed: file.test.ts: cannot load', '1 passed, 1 failed'],
      success: false,
    });
  });

  test('a run in which nothing passed is no success', () => {
    expect(summarize({ success: true, testResults: [] })).toEqual({
      lines: ['0 passed, 0 failed'],
      success: false,
    });
  });
});
