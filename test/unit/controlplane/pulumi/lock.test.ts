import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withoutPassword } from '../../../../controlplane/pulumi/engine.ts';
import {
  areOurDead,
  endOrphans,
  LockHeld,
  lockedMessage,
  locksIn,
  rememberCli,
} from '../../../../controlplane/pulumi/lock.ts';

/** What a read of a file fails with, when set. */
const disk = vi.hoisted(() => ({ fault: undefined as Error | undefined }));
vi.mock('node:fs/promises', async (load) => {
  const files = await load<typeof import('node:fs/promises')>();
  const readFile = async (...given: Parameters<typeof files.readFile>) => {
    if (disk.fault) throw disk.fault;
    return files.readFile(...given);
  };
  return { ...files, readFile };
});

const refusal = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///state/.pulumi/locks/organization/portcullis/hub/a.json: created by root@one (pid 20136) at 2026-11-23T21:20:43Z
  s3://bucket/.pulumi/locks/organization/portcullis/hub/b.json: created by some one@two (pid 7) at 2026-11-23T21:20:44Z
`;

const cloud = '[409] Conflict: Another update is currently in progress.';

test('locks are read from the refusal', () => {
  expect(locksIn(refusal)).toEqual([
    { user: 'root', host: 'one', pid: 20136, since: '2026-11-23T21:20:43Z' },
    { user: 'some one', host: 'two', pid: 7, since: '2026-11-23T21:20:44Z' },
  ]);
  expect(locksIn(cloud)).toEqual([]);
});

test.each([
  [
    refusal,
    'root@one (process 20136) since 2026-11-23T21:20:43Z, some one@two (process 7) since 2026-11-23T21:20:44Z',
    'organization/portcullis/hub',
  ],
  [cloud, 'another update', 'hub'],
])('the message names who holds the locks since when, and the command', (text, holders, name) => {
  expect(lockedMessage(text, 'hub', 'file:///state')).toBe(
    `the stack is locked by ${holders}; if that no longer works on it, break the lock: PULUMI_BACKEND_URL='file:///state' pulumi cancel --yes --stack ${name}`,
  );
});

let directory = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-lock-'));
});
afterEach(() => {
  disk.fault = undefined;
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** A process that looks like a CLI with these arguments, and ignores interrupts where asked. */
async function pulumi(args: string, stubborn = false): Promise<ChildProcess & { pid: number }> {
  const trap = stubborn ? "trap '' INT; " : '';
  const script = `${trap}echo up; while :; do read -t 1 _; done`;
  const child = spawn('bash', ['-c', script, ...args.split(' ')], {
    argv0: 'pulumi',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child as ChildProcess & { pid: number };
}
const ended = (child: ChildProcess) =>
  new Promise<string | null>((done) => child.once('exit', (_, signal) => done(signal)));
const here = (pid: number) => ({ host: hostname(), pid });
const ours = 'up --yes --client=127.0.0.1:1 --exec-kind auto.inline --stack hub --non-interactive';

describe.skipIf(process.platform !== 'linux')('an orphan of a dead control plane', () => {
  test('on this machine and this stack is interrupted', async () => {
    const child = await pulumi(ours);
    const end = ended(child);
    await endOrphans('hub', [here(child.pid)]);
    expect(await end).toBe('SIGINT');
  });

  test.each([
    ['of another stack', 'up --client=127.0.0.1:1 --stack hub-2'],
    ['that a person runs', 'up --stack hub'],
  ])('%s is let be, and named', async (_, args) => {
    const child = await pulumi(args);
    const held = endOrphans('hub', [here(child.pid)]);
    await expect(held).rejects.toThrow(LockHeld);
    await expect(held).rejects.toThrow(`locked by process ${child.pid}`);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });

  test('is not taken for dead when its command line cannot be read', async () => {
    const child = await pulumi('up --stack hub');
    rememberCli(directory, child.pid);
    disk.fault = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    await expect(endOrphans('hub', [here(child.pid)])).rejects.toThrow('EMFILE');
    await expect(areOurDead(directory, [here(child.pid)])).rejects.toThrow('EMFILE');
  });

  test('on another machine, or one that is no pulumi, is let be', async () => {
    await endOrphans('hub', [{ host: 'another', pid: process.pid }, here(process.pid), here(999_999_999)]);
  });
});

describe('a lock without recovery', () => {
  test('is ours and dead when this work directory ran the process and it has ended', async () => {
    const child = await pulumi(ours);
    rememberCli(directory, child.pid);
    if (process.platform === 'linux') expect(await areOurDead(directory, [here(child.pid)])).toBe(false);
    const end = ended(child);
    child.kill('SIGKILL');
    await end;
    expect(await areOurDead(directory, [here(child.pid)])).toBe(true);
    expect(await areOurDead(directory, [here(child.pid), { host: 'another', pid: child.pid }])).toBe(false);
    expect(await areOurDead(directory, [])).toBe(false);
  });

  test('is not ours where nothing was run here', async () => {
    expect(await areOurDead(directory, [here(999_999_999)])).toBe(false);
  });
});

test('a password of the state is taken out of what the CLI says', () => {
  const state = 'postgres://portcullis:hunter%212@db.example/state';
  expect(withoutPassword(`cannot open ${state}: hunter!2`, state)).toBe(
    'cannot open postgres://portcullis:****@db.example/state: ****',
  );
  expect(withoutPassword('no such bucket', 's3://bucket')).toBe('no such bucket');
});
