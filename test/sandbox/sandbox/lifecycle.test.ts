import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { STS } from '@aws-sdk/client-sts';
import { afterEach, expect, test, vi } from 'vitest';
import { startSandbox } from '../../../sandbox/sandbox.ts';

/** Processes whose ancestor is `root`, or that are of the process group of one such; without esbuild's service, which a process keeps. */
function descendants(root: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,pgid=,comm='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((row) => !/ (esbuild|ps)$/.test(row))
    .map((row) => row.trim().split(/\s+/).map(Number) as [number, number, number]);
  const found = new Set<number>([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent, leader] of rows) if (found.has(parent) || found.has(leader)) found.add(pid);
  }
  found.delete(root);
  return [...found];
}

const alive = (pid: number): boolean => existsSync(`/proc/${pid}`);

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 60_000) throw new Error('a process did not end within 60 s');
    await sleep(50);
  }
}

async function startMain(): Promise<{ child: ChildProcess; environment: Record<string, string> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../sandbox/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const environment: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const [, name, value] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name && value) environment[name] = value;
    if (name === 'PORTCULLIS_AWS_PLUGIN') break; // the last line
  }
  return { child, environment };
}

afterEach(() => vi.unstubAllEnvs());

test('a stopped sandbox leaves no process and no file, and stops only once', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'portcullis-lifecycle-'));
  vi.stubEnv('TMPDIR', temporary);
  const before = new Set(descendants(process.pid));
  const sandbox = await startSandbox();
  const started = descendants(process.pid).filter((pid) => !before.has(pid));
  expect(started.length).toBeGreaterThan(0);
  const plugin = sandbox.environment.PORTCULLIS_AWS_PLUGIN ?? '';
  expect(existsSync(join(plugin, 'pulumi-resource-aws'))).toBe(true);
  await Promise.all([sandbox.stop(), sandbox.stop()]);
  await sandbox.stop();
  await until(() => !started.some(alive));
  expect(readdirSync(temporary)).toEqual([]);
  await expect(fetch(sandbox.endpoint)).rejects.toThrow();
  rmdirSync(temporary);
});

test('the printed environment is that of the control plane user; SIGTERM ends the program and its processes', async () => {
  const { child, environment } = await startMain();
  const caller = new STS({
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  expect((await caller.getCallerIdentity({})).Arn).toBe(
    'arn:aws:iam::111111111111:user/portcullis-control-plane',
  );
  const organization = await fetch(`${environment.AWS_ENDPOINT_URL}/_sandbox/organization`);
  expect(await organization.json()).toMatchObject({
    managementAccountId: '111111111111',
    hubRegion: 'eu-west-1',
  });
  const started = descendants(child.pid as number);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await until(() => !started.some(alive));
});

test('the emulator ends when the program that started it is killed', async () => {
  const { child } = await startMain();
  const started = descendants(child.pid as number);
  expect(started.length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await until(() => !started.some(alive));
});
