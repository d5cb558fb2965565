import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as rest } from 'node:timers/promises';
import { z } from 'zod';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';

const owner = z.object({
  /** Names this claim; an owner file of an earlier version has none. */
  id: z.string().optional(),
  pid: z.int(),
  host: z.string().optional(),
  /** The running kernel, which all containers of a host share. */
  boot: z.string().optional(),
  url: z.string().optional(),
  /** Changes with each write. */
  writtenAt: z.string().optional(),
});
type DataOwner = z.infer<typeof owner>;

export interface DataLock {
  /** Lets other processes find the service. */
  announce(url: string): void;
  release(): void;
}

interface LockSettings {
  /** How often the owner writes its file, milliseconds. */
  readonly beatMs?: number;
  /** An owner on another host that does not write its file for so long is dead, milliseconds. */
  readonly silentMs?: number;
  /** Called once, with a message: another process took the directory over, or the directory was deleted. */
  readonly onLost?: (message: string) => void;
}

const ownerFile = (data: string) => join(data, 'owner.json');

/** Names the running kernel; source: random(4). Elsewhere than on Linux, the host. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}

/** Another connection has the lock; source: https://sqlite.org/rescode.html, SQLITE_BUSY. */
const busy = 5;

/**
 * SQLite's lock on a file of the directory: exclusive for the owner, shared for a reader that looks for an owner.
 * Undefined when another process has it. The kernel releases it when the process ends, however it ends. Containers of
 * one host see each other's locks, and so do hosts that share a disk by NFSv4, such as EFS.
 * Sources: https://sqlite.org/lockingv3.html; "Unsupported NFSv4 features", Amazon EFS user guide: locks are advisory.
 * @throws PortcullisError `data-unusable` where the file cannot be locked
 */
function fileLock(data: string, as: 'owner' | 'reader'): DatabaseSync | undefined {
  let file: DatabaseSync | undefined;
  try {
    // A reader holds its lock for a moment only, so an owner waits that long.
    file = new DatabaseSync(join(data, 'owner.lock'), { timeout: as === 'owner' ? 250 : 0 });
    file.exec('pragma journal_mode = memory'); // no second file beside it
    file.exec(as === 'owner' ? 'begin exclusive' : 'begin; select 1 from sqlite_schema');
    return file;
  } catch (cause) {
    file?.close();
    if ((cause as { errcode?: number }).errcode === busy) return undefined;
    const fix = 'set PORTCULLIS_DATA to a directory that this user can write, on a disk with file locks';
    throw new PortcullisError(
      'data-unusable',
      `${join(data, 'owner.lock')} cannot be locked: ${reasonOf(cause)}; ${fix}`,
      { cause },
    );
  }
}

/** The owner that the file names; undefined without a file. @throws PortcullisError `in-use` where it names none. */
function readOwner(data: string): DataOwner | undefined {
  const path = ownerFile(data);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
export function dataOwner(data: string): DataOwner | undefined {
  const found = readOwner(data);
  const lock = found && fileLock(data, 'reader');
  lock?.close();
  return lock ? undefined : found;
}

/**
 * The owner on another host that still writes its file: the disk may keep the locks of each host apart. Waits until it
 * writes, or has been silent for long enough.
 */
async function remoteOwner(data: string, silentMs = 30_000): Promise<DataOwner | undefined> {
  const first = readOwner(data);
  if (!first || first.boot === bootId()) return undefined;
  for (const end = performance.now() + silentMs; performance.now() < end; ) {
    await rest(silentMs / 30);
    const now = readOwner(data);
    if (now && now.writtenAt !== first.writtenAt) return now;
  }
  return undefined;
}

/** Why a process that owned the directory must end. */
const lostBy = {
  taken: 'another process took the data directory over while this one was suspended',
  deleted:
    'the data directory was deleted while the service ran; restore it from a backup, or start again with an empty one',
};

/** Writes the owner file, and writes it again regularly for as long as it names this process. */
function keep(data: string, lock: DatabaseSync, { beatMs = 5_000, onLost }: LockSettings): DataLock {
  const id = randomUUID();
  let url: string | undefined;
  const write = () => {
    const next = `${ownerFile(data)}.${id}`;
    const writtenAt = new Date().toISOString();
    const mine: DataOwner = { id, pid: process.pid, host: hostname(), boot: bootId(), url, writtenAt };
    writeFileSync(next, JSON.stringify(mine));
    // A reader never finds an incomplete file.
    renameSync(next, ownerFile(data));
  };
  const beat = () => {
    const found = readOwner(data);
    if (found?.id === id) return write();
    clearInterval(timer);
    onLost?.(found ? lostBy.taken : lostBy.deleted);
  };
  write();
  const timer = setInterval(() => {
    try {
      beat();
    } catch {
      // A disk that fails is found by everything else that is written there.
    }
  }, beatMs);
  timer.unref();
  return {
    announce: (address) => {
      url = address;
      write();
    },
    release: () => {
      clearInterval(timer);
      if (readOwner(data)?.id === id) rmSync(ownerFile(data));
      if (lock.isOpen) lock.close();
    },
  };
}

/**
 * The directory holds the database, stack state and tokens: only its owner may read it, with any umask, also where
 * an earlier version made it readable for others. @throws PortcullisError `data-unusable`, naming the setting.
 */
function makePrivate(data: string): void {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    chmodSync(data, 0o700);
  } catch (cause) {
    const fix = 'set PORTCULLIS_DATA to a directory that this user can write';
    throw new PortcullisError(
      'data-unusable',
      `the data directory ${data} cannot be made: ${reasonOf(cause)}; ${fix}`,
      { cause },
    );
  }
}

/**
 * Makes this process the owner of the data directory: PGlite and local state allow one process at a time. The directory
 * of a process that has ended is taken over, at once when it ran on this host.
 * @throws PortcullisError `in-use`, naming the owner
 */
export async function lockData(data: string, settings: LockSettings = {}): Promise<DataLock> {
  makePrivate(data);
  const lock = fileLock(data, 'owner');
  try {
    const other = lock ? await remoteOwner(data, settings.silentMs) : readOwner(data);
    if (lock && !other) return keep(data, lock, settings);
    throw new PortcullisError(
      'in-use',
      `${data} belongs to ${describe(other)}; stop it, or set PORTCULLIS_DATA to another directory`,
    );
  } catch (error) {
    lock?.close();
    throw error;
  }
}

function describe(other: DataOwner | undefined): string {
  // SQLite reports a disk that refuses locks as busy too; source: `sqliteErrorFromPosixError`, src/os_unix.c.
  if (!other) return 'another process, or is on a disk without file locks';
  const { pid, host, url } = other;
  return `process ${pid}${host === hostname() ? '' : ` on ${host}`}${url ? ` at ${url}` : ''}`;
}
