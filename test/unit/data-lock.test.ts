import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataLock, dataOwner, lockData } from '../../controlplane/data-lock.ts';

let data: string;
const held: DataLock[] = [];
const lock = async () => {
  const taken = await lockData(data);
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
  expect(await dataOwner(data)).toEqual({ pid: process.pid });
  await taken.announce('http://127.0.0.1:8420');
  expect(await dataOwner(data)).toEqual({ pid: process.pid, url: 'http://127.0.0.1:8420' });
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
  expect(await dataOwner(data)).toEqual({ pid: process.pid });
  expect(await readdir(data)).toEqual(['owner.json']);
});

test('a claim under our own process id that we did not make is of a process before us', async () => {
  // A container starts again with the same process id, and finds what it left.
  await claim({ pid: process.pid, url: 'http://127.0.0.1:1' });
  await lock();
  expect(await dataOwner(data)).toEqual({ pid: process.pid });
});

test('of many that take it at once one does', async () => {
  await claim({ pid: await deadProcess() });
  const attempts = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7, 8].map(lock));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('an owner file that is not readable is an error that names it, never a free directory', async () => {
  for (const text of ['', '{"pid":']) {
    await writeFile(join(data, 'owner.json'), text);
    await expect(lock()).rejects.toThrow(/owner\.json/);
    expect(await readFile(join(data, 'owner.json'), 'utf8')).toBe(text);
  }
});
