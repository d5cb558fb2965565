import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DataLock, lockData } from '../../../../../controlplane/store/database/directory-lock.ts';
import { dataOwner, thisProcess } from '../../../../../controlplane/store/database/directory-owner.ts';
import { until } from '../../../../worlds/until.ts';

let data: string;
const held: DataLock[] = [];
const lock = async (settings: Parameters<typeof lockData>[1] = {}) => {
  const taken = await lockData(data, settings);
  held.push(taken);
  return taken;
};

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-lock-'));
});
afterEach(async () => {
  for (const each of held.splice(0)) await each.release();
  await rm(data, { recursive: true });
});

/** The id of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}
const claim = (owner: object) => writeFile(join(data, 'owner.json'), JSON.stringify(owner));

test('a free directory is taken, and its owner found by its address', async () => {
  expect(await dataOwner(data)).toBeUndefined();
  const taken = await lock();
  expect(await dataOwner(data)).toMatchObject({ pid: process.pid });
  await taken.announce('http://127.0.0.1:8420');
  expect(await dataOwner(data)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8420' });
  await taken.release();
  expect(await dataOwner(data)).toBeUndefined();
  expect(await readdir(data)).toEqual([]);
});

test('a living owner is named, with its address', async () => {
  await claim({ pid: process.ppid, url: 'http://127.0.0.1:8420' });
  await expect(lock()).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(`process ${process.ppid} at http://127.0.0.1:8420`),
  });
});

test('this process takes a directory once', async () => {
  await lock();
  await expect(lock()).rejects.toMatchObject({ code: 'in-use' });
});

test("a dead owner's directory is taken over", async () => {
  await claim({ pid: await deadProcess(), url: 'http://127.0.0.1:1' });
  expect(await dataOwner(data)).toBeUndefined();
  await lock();
  expect(await dataOwner(data)).toMatchObject({ pid: process.pid });
  expect(await readdir(data)).toEqual(['owner.json']);
});

test('a claim under our own process id that we did not make is of a process before us', async () => {
  // A container starts again with the same process id, and finds what it left.
  await claim({ pid: process.pid, url: 'http://127.0.0.1:1' });
  await lock();
  expect(await dataOwner(data)).toMatchObject({ pid: process.pid });
});

test('of many that take it at once one does', async () => {
  await claim({ pid: await deadProcess() });
  const attempts = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map(() => lock()));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('an owner file that is not readable is an error that names it, never a free directory', async () => {
  for (const text of ['', '{"pid":']) {
    await writeFile(join(data, 'owner.json'), text);
    await expect(lock()).rejects.toThrow(/owner\.json/);
    expect(await readFile(join(data, 'owner.json'), 'utf8')).toBe(text);
  }
});

test('a process that has the id of a dead owner is not taken for it', {
  skip: process.platform !== 'linux',
}, async () => {
  await claim({ ...thisProcess(), pid: process.ppid, started: '1' });
  expect(await dataOwner(data)).toBeUndefined();
  await lock();
});

describe('an owner in another container on the same volume, with our process id', () => {
  const owner = () => join(data, 'owner.json');
  const container = { ...thisProcess(), namespace: 'pid:[1]', url: 'http://127.0.0.1:8420' };
  const other = { ...container, host: 'other-host', boot: 'another' };

  test.each([
    ['of another host', other],
    ['of our host name', container],
  ])('%s keeps the directory while it writes, and is named', async (_, found) => {
    await claim(found);
    const beats = setInterval(() => utimes(owner(), new Date(), new Date()), 50);
    try {
      expect(await dataOwner(data)).toMatchObject({ pid: process.pid, host: found.host });
      await expect(lock({ staleMs: 5_000 })).rejects.toMatchObject({
        code: 'in-use',
        message: expect.stringMatching(
          new RegExp(`belongs to process ${process.pid} on ${found.host} at http`),
        ),
      });
    } finally {
      clearInterval(beats);
    }
  });

  test('that did not write for long is dead, at any time of our clock', async () => {
    await claim(other);
    const long = new Date((await stat(owner())).mtimeMs - 31_000);
    await utimes(owner(), long, long);
    expect(await dataOwner(data)).toBeUndefined();
    await lock();
    expect(await dataOwner(data)).toMatchObject(thisProcess());
    expect(await readdir(data)).toEqual(['owner.json']);
  });

  test('that wrote just now keeps the directory until it has not written for long enough', async () => {
    await claim(other);
    const before = performance.now();
    await lock({ staleMs: 400 });
    expect(performance.now() - before).toBeGreaterThan(300);
  });
});

test('an owner writes for as long as it has the directory, also after it announced its address', async () => {
  const taken = await lock({ beatMs: 20 });
  const written = async () => (await stat(join(data, 'owner.json'))).mtimeMs;
  for (const act of [async () => {}, () => taken.announce('http://127.0.0.1:8420')]) {
    await act();
    const before = await written();
    await until(async () => (await written()) > before);
  }
  expect(await dataOwner(data)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8420' });
});

test('an owner that was taken for dead finds out, and leaves the directory to the other', async () => {
  let lost = false;
  const taken = await lock({ beatMs: 20, onLost: () => (lost = true) });
  await rm(join(data, 'owner.json'));
  await claim({ pid: process.ppid });
  await until(() => lost);
  await taken.release();
  expect(await dataOwner(data)).toMatchObject({ pid: process.ppid });
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
