import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DataLock,
  dataOwner,
  lockData,
} from '../../../../../controlplane/store/database/directory-lock.ts';
import { until } from '../../../../worlds/until.ts';

let data: string;
const held: DataLock[] = [];
const children: ChildProcess[] = [];
const lock = async (settings: Parameters<typeof lockData>[1] = {}) => {
  const taken = await lockData(data, settings);
  held.push(taken);
  return taken;
};

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-lock-'));
});
afterEach(async () => {
  for (const each of children.splice(0)) each.kill('SIGKILL');
  for (const each of held.splice(0)) each.release();
  await rm(data, { recursive: true });
});

const ownerFile = () => join(data, 'owner.json');
const claim = (owner: object) => writeFile(ownerFile(), JSON.stringify(owner));

/** What an owner on this host leaves when it is killed. */
async function leaveOwnerFile() {
  const taken = await lock();
  const left = JSON.parse(await readFile(ownerFile(), 'utf8'));
  taken.release();
  await claim({ ...left, url: 'http://127.0.0.1:1' });
}

/** Another process that takes the directory and announces an address, started by the command. */
async function otherProcess(command = [process.execPath]) {
  const module = join(process.cwd(), 'controlplane/store/database/directory-lock.ts');
  const program = `
    const { lockData } = await import('${module}');
    (await lockData('${data}')).announce('http://127.0.0.1:8420');
    console.log('taken');
    setInterval(() => {}, 1000);`;
  const [name = '', ...args] = [...command, '--input-type=module', '--eval', program];
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return {
    child,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

test('a free directory is taken, and its owner found by its address', async () => {
  expect(dataOwner(data)).toBeUndefined();
  const taken = await lock();
  expect(dataOwner(data)).toMatchObject({ pid: process.pid });
  taken.announce('http://127.0.0.1:8420');
  expect(dataOwner(data)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8420' });
  taken.release();
  expect(dataOwner(data)).toBeUndefined();
  expect(await readdir(data)).toEqual(['owner.lock']);
});

test('a second process is refused, with the id and the address of the owner, until the owner is killed', async () => {
  const owner = await otherProcess();
  expect(dataOwner(data)).toMatchObject({ pid: owner.child.pid, url: 'http://127.0.0.1:8420' });
  await expect(lock()).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(`process ${owner.child.pid} at http://127.0.0.1:8420; stop it`),
  });
  await owner.kill();
  expect(dataOwner(data)).toBeUndefined();
  await lock();
  expect(dataOwner(data)).toMatchObject({ pid: process.pid });
  expect(await readdir(data)).toEqual(['owner.json', 'owner.lock']);
});

/** A process id namespace and a host name of its own, as a container has. */
const container = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--uts'];
const named = ['sh', '-c', 'hostname other-host && exec "$@"', 'sh', process.execPath];

test.runIf(spawnSync('unshare', [...container.slice(1), 'true']).status === 0)(
  'a process in another container on the same disk is refused too, until the owner is killed',
  async () => {
    const owner = await otherProcess([...container, ...named]);
    expect(dataOwner(data)).toMatchObject({ host: 'other-host', url: 'http://127.0.0.1:8420' });
    await expect(lock()).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringMatching(/belongs to process \d+ on other-host at http/),
    });
    await owner.kill();
    await lock();
    expect(dataOwner(data)).toMatchObject({ pid: process.pid, host: hostname() });
  },
);

test('this process takes a directory once', async () => {
  await lock();
  await expect(lock()).rejects.toMatchObject({ code: 'in-use' });
});

test('an owner file that a process with our id left is taken over', async () => {
  // A container starts again with the same process id, and finds what it left.
  await leaveOwnerFile();
  expect(dataOwner(data)).toBeUndefined();
  await lock();
  expect(dataOwner(data)).toMatchObject({ pid: process.pid });
  expect(dataOwner(data)).not.toHaveProperty('url');
});

test('of many that take it at once one does', async () => {
  const attempts = await Promise.allSettled([1, 2, 3, 4].map(() => lock()));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('readers that look for an owner keep no one from taking the directory', async () => {
  await leaveOwnerFile();
  const reads = setInterval(() => dataOwner(data), 1);
  try {
    await lock();
  } finally {
    clearInterval(reads);
  }
  expect(dataOwner(data)).toMatchObject({ pid: process.pid });
});

test('an owner file that is not readable is an error that names it, never a free directory', async () => {
  for (const text of ['', '{"pid":']) {
    await writeFile(ownerFile(), text);
    await expect(lock()).rejects.toThrow(/owner\.json/);
    expect(await readFile(ownerFile(), 'utf8')).toBe(text);
  }
});

describe('an owner on another host, whose disk keeps the locks of each host apart', () => {
  const other = { id: 'a', pid: process.pid, host: 'other-host', boot: 'another' };

  test('keeps the directory while it writes, and is named', async () => {
    const write = () => claim({ ...other, writtenAt: String(performance.now()) });
    await write();
    const beats = setInterval(write, 50);
    try {
      await expect(lock({ silentMs: 5_000 })).rejects.toMatchObject({
        code: 'in-use',
        message: expect.stringContaining(`belongs to process ${process.pid} on other-host; stop it`),
      });
    } finally {
      clearInterval(beats);
    }
  });

  test('that wrote just now keeps the directory until it has not written for long enough', async () => {
    await claim({ ...other, writtenAt: 'now' });
    const before = performance.now();
    await lock({ silentMs: 400 });
    expect(performance.now() - before).toBeGreaterThan(300);
    expect(dataOwner(data)).toMatchObject({ pid: process.pid, host: hostname() });
  });
});

test('an owner writes for as long as it has the directory, also after it announced its address', async () => {
  const taken = await lock({ beatMs: 20 });
  const written = () => dataOwner(data)?.writtenAt;
  for (const act of [() => {}, () => taken.announce('http://127.0.0.1:8420')]) {
    act();
    const before = written();
    await until(() => written() !== before);
  }
  expect(dataOwner(data)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8420' });
});

test('an owner that was taken for dead finds out, and leaves the directory to the other', async () => {
  let lost: string | undefined;
  const taken = await lock({ beatMs: 20, onLost: (reason) => (lost = reason) });
  await claim({ id: 'other', pid: process.ppid });
  await until(() => lost !== undefined);
  expect(lost).toMatch(/^another process took the data directory over/);
  taken.release();
  expect(JSON.parse(await readFile(ownerFile(), 'utf8'))).toMatchObject({ id: 'other' });
});

test('the directory is private to its owner, also one that was readable before', async () => {
  await chmod(data, 0o755);
  await lock();
  expect((await stat(data)).mode & 0o777).toBe(0o700);
});

test('a directory that cannot be made is an error that names the path and the setting', async () => {
  const file = join(data, 'file');
  await writeFile(file, '');
  await expect(lockData(join(file, 'below'))).rejects.toMatchObject({
    code: 'data-unusable',
    message: expect.stringMatching(/cannot be made: ENOTDIR.*PORTCULLIS_DATA/),
  });
  await rm(file);
});

test('a lock that is refused while no owner is named may be one that the disk does not have', async () => {
  const other = new DatabaseSync(join(data, 'owner.lock'));
  other.exec('begin exclusive');
  await expect(lock()).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringMatching(/another process, or is on a disk without file locks; .*PORTCULLIS_DATA/),
  });
  other.close();
});

test('a lock file that cannot be used is an error that names the file and the setting', async () => {
  await mkdir(join(data, 'owner.lock'));
  await expect(lock()).rejects.toMatchObject({
    code: 'data-unusable',
    message: expect.stringMatching(/owner\.lock cannot be locked: .*PORTCULLIS_DATA/),
  });
});

test.each([
  ['deleted', false],
  ['deleted and made again', true],
])('a directory that is %s under its owner is reported as deleted', async (_, again) => {
  let lost: string | undefined;
  await lock({ beatMs: 20, onLost: (reason) => (lost = reason) });
  await rm(data, { recursive: true });
  if (again) await mkdir(data);
  await until(() => lost !== undefined);
  expect(lost).toMatch(/^the data directory was deleted while the service ran/);
  await mkdir(data, { recursive: true });
});
