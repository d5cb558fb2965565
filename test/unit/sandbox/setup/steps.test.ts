import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../../../sandbox/setup/command.mjs';
import { takeLock } from '../../../../sandbox/setup/lock.mjs';
import { createReporter } from '../../../../sandbox/setup/reporter.mjs';
import { ensureSteps } from '../../../../sandbox/setup/steps.mjs';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'portcullis-setup-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const silent = createReporter({ write: () => true });

/** A step that writes the file `made`, counting how often. */
function fileStep(pin = '1') {
  const made = path.join(directory, 'made');
  const step = {
    id: 'file',
    name: 'file',
    runs: 0,
    pin: () => pin,
    holds: () => existsSync(made),
    async make() {
      step.runs += 1;
      writeFileSync(made, pin);
      return { path: made, summary: `file ${pin}` };
    },
  };
  return step;
}

describe('a step', () => {
  test('with a stamp of its pin is not run again, and its value is the same', async () => {
    const step = fileStep();
    const first = await ensureSteps([step], directory, silent);
    expect(await ensureSteps([step], directory, silent)).toEqual(first);
    expect(step.runs).toBe(1);
  });

  test('runs again when its pin changes', async () => {
    await ensureSteps([fileStep('1')], directory, silent);
    const changed = fileStep('2');
    expect((await ensureSteps([changed], directory, silent)).file?.summary).toBe('file 2');
    expect(changed.runs).toBe(1);
  });

  test('runs again when its result was deleted', async () => {
    const step = fileStep();
    const { file } = await ensureSteps([step], directory, silent);
    rmSync(file?.path ?? '');
    await ensureSteps([step], directory, silent);
    expect(step.runs).toBe(2);
  });

  test('that failed half-way runs again, though it had been done before', async () => {
    const step = fileStep();
    await ensureSteps([step], directory, silent);
    const broken = { ...fileStep('2'), make: () => Promise.reject(new Error('no disk')) };
    await expect(ensureSteps([broken], directory, silent)).rejects.toThrow('no disk');
    await ensureSteps([step], directory, silent);
    expect(step.runs).toBe(2);
  });

  test('killed half-way leaves no stamp and a lock that the next run breaks', {
    timeout: 30_000,
  }, async () => {
    const steps = path.resolve(import.meta.dirname, '../../../../sandbox/setup/steps.mjs');
    const script = `
      import { ensureSteps } from ${JSON.stringify(steps)};
      const reporter = { note() {}, ready() {}, start: () => ({ progress() {}, end() {}, fail() {} }) };
      const make = () => new Promise(() => { setInterval(() => {}, 1000); console.log('making'); });
      const step = { id: 'file', name: 'file', pin: () => '1', holds: () => true, make };
      await ensureSteps([step], ${JSON.stringify(directory)}, reporter);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(readlinkSync(path.join(directory, 'setup.lock'))).toMatch(new RegExp(`^${child.pid} `));
    const step = fileStep();
    await ensureSteps([step], directory, silent);
    expect(step.runs).toBe(1);
    expect(readdirSync(directory).sort()).toEqual(['made', 'stamps']);
  });

  test('with a stamp that a power cut left empty runs again', async () => {
    const step = fileStep();
    await ensureSteps([step], directory, silent);
    writeFileSync(path.join(directory, 'stamps', 'file.json'), '');
    await ensureSteps([step], directory, silent);
    expect(step.runs).toBe(2);
  });

  test('wanted by two runs at once is made once', async () => {
    const step = fileStep();
    const slow = { ...step, make: () => delay(100).then(step.make) };
    await Promise.all([ensureSteps([slow], directory, silent), ensureSteps([slow], directory, silent)]);
    expect(step.runs).toBe(1);
  });
});

describe('the lock', () => {
  test('of a living process is waited for, and the waiter learns whose it is', async () => {
    const file = path.join(directory, 'lock');
    const release = await takeLock(file);
    const waitedFor: number[] = [];
    let taken = false;
    const second = takeLock(file, (pid) => waitedFor.push(pid), 10).then((free) => {
      taken = true;
      return free;
    });
    await delay(60);
    expect({ taken, waitedFor }).toEqual({ taken: false, waitedFor: [process.pid] });
    release();
    (await second)();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of a dead process is broken', async () => {
    const file = path.join(directory, 'lock');
    symlinkSync(`${spawnSync('true').pid} 1`, file);
    const release = await takeLock(file, () => expect.unreachable('waited for a dead process'));
    expect(readlinkSync(file)).toMatch(new RegExp(`^${process.pid} `));
    release();
  });

  test('of an earlier version, which was a file, is broken', async () => {
    const file = path.join(directory, 'lock');
    writeFileSync(file, '1 1');
    (await takeLock(file, () => expect.unreachable('waited for a file')))();
    expect(readdirSync(directory)).toEqual([]);
  });

  test.runIf(process.platform === 'linux')('of a dead process whose id is used again is broken', async () => {
    const file = path.join(directory, 'lock');
    symlinkSync(`${process.ppid} 1`, file);
    (await takeLock(file, () => expect.unreachable('waited for another process')))();
  });

  test('given back twice does not free the next holder', async () => {
    const file = path.join(directory, 'lock');
    const release = await takeLock(file);
    release();
    symlinkSync('another', file);
    release();
    expect(readlinkSync(file)).toBe('another');
  });
});

describe('a command', () => {
  test('tells its exit code, its output and each line', async () => {
    const lines: string[] = [];
    const result = await runCommand('sh', ['-c', 'echo out; echo err >&2; exit 3'], {
      onLine: (line) => lines.push(line),
    });
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(lines.sort()).toEqual(['err', 'out']);
  });

  test('that does not exist is code 127, not an exception', async () => {
    expect((await runCommand('portcullis-no-such-command', [])).code).toBe(127);
  });

  test('over its time limit is ended with its children, which hold its output open', async () => {
    const started = performance.now();
    const { code } = await runCommand('sh', ['-c', 'sleep 15 & wait'], { timeoutMs: 300 });
    expect(code).toBe(124);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
