import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PortcullisError } from './errors.ts';

const owner = z.object({ pid: z.int(), url: z.string().optional() });
export type DataOwner = z.infer<typeof owner>;

const file = (data: string) => join(data, 'owner.json');

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The living process that owns the data directory, if one does. */
export async function dataOwner(data: string): Promise<DataOwner | undefined> {
  const text = await readFile(file(data), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!text) return undefined;
  const found = owner.parse(JSON.parse(text));
  return alive(found.pid) ? found : undefined;
}

export interface DataLock {
  /** Lets other processes find the service. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the owner of the data directory: PGlite and local state bear one process at a time.
 * A dead owner's claim is taken over. @throws PortcullisError `in-use`, naming the owner.
 */
export async function lockData(data: string): Promise<DataLock> {
  await mkdir(data, { recursive: true });
  const claim = JSON.stringify({ pid: process.pid });
  for (;;) {
    try {
      const handle = await open(file(data), 'wx');
      await handle.writeFile(claim);
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const other = await dataOwner(data);
      if (other) {
        throw new PortcullisError(
          'in-use',
          `${data} belongs to process ${other.pid}${other.url ? ` at ${other.url}` : ''}; stop it, or set PORTCULLIS_DATA to another directory`,
        );
      }
      await rm(file(data), { force: true });
    }
  }
  return {
    announce: (url) => writeFile(file(data), JSON.stringify({ pid: process.pid, url })),
    release: () => rm(file(data), { force: true }),
  };
}
