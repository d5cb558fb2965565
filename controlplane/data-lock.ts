import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PortcullisError } from './errors.ts';

const owner = z.object({ pid: z.int(), url: z.string().optional() });
export type DataOwner = z.infer<typeof owner>;

const file = (data: string) => join(data, 'owner.json');

/** Directories that this process holds. A claim under its id that is not here was left by an earlier process. */
const held = new Set<string>();

const alive = (pid: number, data: string): boolean => {
  if (pid === process.pid) return held.has(data);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const unless =
  (code: string) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error;
  };

async function readOwner(path: string): Promise<DataOwner | undefined> {
  const text = await readFile(path, 'utf8').catch(unless('ENOENT'));
  if (text === undefined) return undefined;
  try {
    return owner.parse(JSON.parse(text));
  } catch (cause) {
    throw new PortcullisError(
      'in-use',
      `${path} does not say which process owns the directory; remove it once none does`,
      { cause },
    );
  }
}

/** The living process that owns the data directory, if one does. @throws PortcullisError where that is unclear. */
export async function dataOwner(data: string): Promise<DataOwner | undefined> {
  const found = await readOwner(file(data));
  return found && alive(found.pid, data) ? found : undefined;
}

export interface DataLock {
  /** Lets other processes find the service. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** Whether the claim was put in place. It appears with its content or not at all: nobody reads half of one. */
async function claim(data: string): Promise<boolean> {
  const mine = `${file(data)}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify({ pid: process.pid }));
  try {
    await link(mine, file(data));
    held.add(data);
    return true;
  } catch (error) {
    unless('EEXIST')(error as NodeJS.ErrnoException);
    return false;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Takes a dead owner's claim away; one that turns out to be a living owner's, made meanwhile, is put back. */
async function clear(data: string): Promise<void> {
  const aside = `${file(data)}.${randomUUID()}`;
  await rename(file(data), aside).catch(unless('ENOENT'));
  const taken = await readOwner(aside);
  if (taken && alive(taken.pid, data)) await link(aside, file(data)).catch(unless('EEXIST'));
  await rm(aside, { force: true });
}

/**
 * Makes this process the owner of the data directory: PGlite and local state bear one process at a time.
 * A dead owner's claim is taken over. @throws PortcullisError `in-use`, naming the owner.
 */
export async function lockData(data: string): Promise<DataLock> {
  await mkdir(data, { recursive: true });
  while (!(await claim(data))) {
    const other = await dataOwner(data);
    if (other) {
      throw new PortcullisError(
        'in-use',
        `${data} belongs to process ${other.pid}${other.url ? ` at ${other.url}` : ''}; stop it, or set PORTCULLIS_DATA to another directory`,
      );
    }
    await clear(data);
  }
  return {
    async announce(url) {
      const next = `${file(data)}.${randomUUID()}`;
      await writeFile(next, JSON.stringify({ pid: process.pid, url }));
      await rename(next, file(data));
    },
    async release() {
      held.delete(data);
      await rm(file(data), { force: true });
    },
  };
}
