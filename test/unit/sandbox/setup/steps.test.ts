import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../../../sandbox/setup/command.mjs';
import { takeLock } from '../../../../sandbox/setup/lock.mjs';
import { ensure as ensureIn, type Step } from '../../../../sandbox/setup/steps.mjs';

let directory: string;
let written: string[];
beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'portcullis-setup-'));
  written = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

const ensure = (steps: Step[]) => ensureIn(steps, directory);

/** A step that writes the file `made`, counting how often. */
function fileStep(wait = 0) {
  const made = path.join(directory, 'made');
  const step = {
    name: 'file',
    runs: 0,
    find: () => (existsSync(made) ? { version: '1', path: made } : 'no file'),
    async make(): Promise<string | undefined> {
      step.runs += 1;
      await delay(wait);
      writeFileSync(made, '');
      return undefined;
    },
  };
  return step;
}

describe('a step', () => {
  test('is made where it is missing, and never again while its result exists', async () => {
    const step = fileStep();
    const first = await ensure([step]);
    expect(first.get(step)).toEqual({ version: '1', path: path.join(directory, 'made') });
    expect(await ensure([step])).toEqual(first);
    expect(step.runs).toBe(1);
    expect(written).toEqual([
      'set-up: file ...\n',
      expect.stringMatching(/^set-up: file: done \(0\.\d s\)\n$/),
      'set-up: in place: file 1\n',
      'set-up: in place: file 1\n',
    ]);
  });

  test('that cannot be made ends set-up with the reason, and is made by the next one', async () => {
    const broken = { ...fileStep(), make: async () => 'no disk' };
    await expect(ensure([broken])).rejects.toThrow('file: no disk');
    const step = fileStep();
    await ensure([step]);
    expect(step.runs).toBe(1);
  });

  test('that makes nothing ends set-up with what is still missing', async () => {
    await expect(ensure([{ ...fileStep(), make: async () => undefined }])).rejects.toThrow('file: no file');
  });

  test('that set-up cannot make ends it with what is missing', async () => {
    await expect(ensure([{ name: 'Node', find: () => 'is too old' }])).rejects.toThrow('Node: is too old');
  });

  test('that is optional is left out where it cannot be made', async () => {
    const [optional, step] = [
      { ...fileStep(), optional: true, make: async () => 'no Go on PATH' },
      fileStep(),
    ];
    expect([...(await ensure([optional, step])).keys()]).toEqual([step]);
    expect(written).toContain('set-up: file: going on without it: no Go on PATH\n');
  });

  test('that two processes need at once is made once', async () => {
    const step = fileStep(100);
    await Promise.all([ensure([step]), ensure([step])]);
    expect(step.runs).toBe(1);
    const waits = written.filter((text) => text.includes('waiting'));
    expect(waits).toEqual([
      expect.stringMatching(/until port 2\d{4} of .* is free.*`lsof -i tcp:2\d{4}`.*Ctrl-C/),
    ]);
  });

  test('says what it does every 10 s', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const step = fileStep();
    const make = async (progress: (text: string) => void) => {
      progress('5 packages compiled');
      await vi.advanceTimersByTimeAsync(10_000);
      return step.make();
    };
    await ensure([{ ...step, make }]);
    expect(written).toContainEqual(expect.stringMatching(/^set-up: file: .* s, 5 packages compiled\n$/));
  });
});

describe('the lock', () => {
  test('of a living process is waited for', async () => {
    const release = await takeLock(directory, () => expect.unreachable('no process has it'));
    const waitedFor: number[] = [];
    let taken = false;
    const second = takeLock(directory, (port) => waitedFor.push(port), 10).then((free) => {
      taken = true;
      return free;
    });
    await delay(60);
    expect({ taken, waitedFor }).toEqual({ taken: false, waitedFor: [expect.any(Number)] });
    release();
    (await second)();
  });

  test('of a killed process is free', { timeout: 30_000 }, async () => {
    const lock = path.resolve(import.meta.dirname, '../../../../sandbox/setup/lock.mjs');
    const script = `import { takeLock } from ${JSON.stringify(lock)};
      await takeLock(${JSON.stringify(directory)}, () => {});
      console.log('taken');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const waited = vi.fn();
    const next = takeLock(directory, waited, 10);
    await vi.waitFor(() => expect(waited).toHaveBeenCalled());
    child.kill('SIGKILL');
    (await next)();
  });
});

describe('a command', () => {
  test('has its exit code, its output and each line', async () => {
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
