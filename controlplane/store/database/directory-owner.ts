import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';

const owner = z.object({
  pid: z.int(),
  /** With boot and process id namespace: where that id is one, as two containers have a process 1 each. */
  host: z.string().optional(),
  boot: z.string().optional(),
  namespace: z.string().optional(),
  /** When the process began, as the kernel counts: an id is given again. */
  started: z.string().optional(),
  url: z.string().optional(),
});
export type DataOwner = z.infer<typeof owner>;

export const ownerFile = (data: string) => join(data, 'owner.json');

/** For so long the owner's file may be left untouched by one who lives, milliseconds. */
export const silentMs = 30_000;

/** Directories that this process holds. A claim under its id that is not here was left by an earlier process. */
export const held = new Set<string>();

export const unless =
  (code: string) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error;
  };

const known = (read: () => string): string | undefined => {
  try {
    return read().trim();
  } catch {
    return undefined; // not Linux, or no such process
  }
};

/** When a process began, in the kernel's ticks since boot; undefined where that is unknown. Source: proc(5), stat. */
const startOf = (pid: number): string | undefined =>
  known(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  });

/** Identifies this process among all others. */
export const thisProcess = (): DataOwner => ({
  pid: process.pid,
  host: hostname(),
  boot: known(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
  namespace: known(() => readlinkSync('/proc/self/ns/pid')),
  started: startOf(process.pid),
});

/** Whether the owner's process id is one of those that this process sees. */
export function isNear({ host, boot, namespace }: DataOwner): boolean {
  const here = thisProcess();
  return host === undefined || (host === here.host && boot === here.boot && namespace === here.namespace);
}

function runs({ pid, started }: DataOwner, data: string): boolean {
  const found = startOf(pid);
  if (started !== undefined && found !== undefined && started !== found) return false;
  if (pid === process.pid) return held.has(data);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When the file was written last. Opened for it: a network disk may answer from memory otherwise. */
export async function writtenAt(path: string): Promise<number> {
  const handle = await open(path);
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
  }
}

/** For how long the file was not written, by the clock of the disk that it is on, milliseconds. */
async function silence(path: string, data: string): Promise<number> {
  const probe = `${ownerFile(data)}.${randomUUID()}`;
  try {
    await writeFile(probe, '');
    return (await stat(probe)).mtimeMs - (await writtenAt(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Number.POSITIVE_INFINITY;
    return 0; // a disk that gives no answer does not show that the owner is dead
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

/** Whether the owner that the file at the path names lives: by its process here, elsewhere by what it writes. */
export const lives = async (found: DataOwner, path: string, data: string, ms = silentMs): Promise<boolean> =>
  isNear(found) ? runs(found, data) : (await silence(path, data)) < ms;

/** Who the file says owns the directory. @throws PortcullisError `in-use` where it does not say so. */
export async function readOwner(path: string): Promise<DataOwner | undefined> {
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
export async function dataOwner(data: string, ms = silentMs): Promise<DataOwner | undefined> {
  const path = ownerFile(data);
  const found = await readOwner(path);
  return found && (await lives(found, path, data, ms)) ? found : undefined;
}
