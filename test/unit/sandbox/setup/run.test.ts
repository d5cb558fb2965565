import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
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
  expect(stderr).toMatch(/set-up has no option --prod\.\n.*--production/);
});

describe('the command behind a script', () => {
  const foreground = path.resolve(import.meta.dirname, '../../../../sandbox/setup/foreground.mjs');

  /** The exit code of a process that runs `shell` in its foreground, sent SIGTERM once it printed something. */
  async function codeOf(shell: string, signal?: 'SIGTERM') {
    const code = `import { runInForeground } from ${JSON.stringify(foreground)};
      process.exitCode = await runInForeground(['sh', '-c', ${JSON.stringify(shell)}], process.env);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (signal) child.stdout.once('data', () => child.kill(signal));
    child.stdout.resume();
    return new Promise((resolve) => child.once('close', resolve));
  }

  test('gives its exit code to the script', async () => {
    expect(await codeOf('exit 7')).toBe(7);
  });

  test('gets the signal sent to the script, and its own exit code counts', async () => {
    expect(await codeOf('trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done', 'SIGTERM')).toBe(9);
  });

  test('ended by a signal counts as 128 and its number', async () => {
    expect(await codeOf('echo ready; exec sleep 20', 'SIGTERM')).toBe(143);
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
