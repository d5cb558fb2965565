import { randomUUID } from 'node:crypto';
import { chmod, type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import {
  type DataOwner,
  dataOwner,
  held,
  isNear,
  lives,
  ownerFile,
  readOwner,
  silentMs,
  thisProcess,
  unless,
  writtenAt,
} from './directory-owner.ts';

export interface DataLock {
  /** Lets other processes find the service. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

interface LockSettings {
  /** How often it shows that it lives, milliseconds. */
  readonly beatMs?: number;
  /** After how long without that an owner elsewhere is taken for dead, milliseconds. */
  readonly staleMs?: number;
  /** Called once, with a message: another process took the directory over, or the directory was deleted. */
  readonly onLost?: (message: string) => void;
}

/** Why a process that owned the directory must end. */
const lostBy = {
  taken: 'another process took the data directory over while this one was suspended',
  deleted:
    'the data directory was deleted while the service ran; restore it from a backup, or start again with an empty one',
};

/** A claim in the file of its own that was put in place: written again, by the same handle, it shows that we live. */
interface Claim {
  readonly handle: FileHandle;
  readonly text: string;
}

/** Writes a claim to another file and moves it into place, so that no process reads an incomplete claim. */
async function place(data: string, owner: DataOwner, put: (mine: string) => Promise<void>): Promise<Claim> {
  const mine = `${ownerFile(data)}.${randomUUID()}`;
  const text = JSON.stringify(owner);
  const handle = await open(mine, 'wx');
  try {
    await handle.write(text, 0);
    await put(mine);
    return { handle, text };
  } catch (error) {
    await handle.close();
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** The claim; undefined when another process has one in place. */
async function claim(data: string): Promise<Claim | undefined> {
  const mine = await place(data, thisProcess(), (path) => link(path, ownerFile(data))).catch(
    unless('EEXIST'),
  );
  if (mine) held.add(data);
  return mine;
}

/** Takes a dead owner's claim away; one that turns out to be a living owner's, made meanwhile, is put back. */
async function clear(data: string, staleMs: number): Promise<void> {
  const aside = `${ownerFile(data)}.${randomUUID()}`;
  await rename(ownerFile(data), aside).catch(unless('ENOENT'));
  const taken = await readOwner(aside);
  if (taken && (await lives(taken, aside, data, staleMs)))
    await link(aside, ownerFile(data)).catch(unless('EEXIST'));
  await rm(aside, { force: true });
}

/**
 * Whether an owner elsewhere stops writing: a container that starts again on its volume takes its own earlier claim for
 * one of another host. A living owner writes within a beat or two.
 */
async function fallsSilent(data: string, other: DataOwner, staleMs: number): Promise<boolean> {
  if (isNear(other)) return false;
  const last = () => writtenAt(ownerFile(data)).catch(unless('ENOENT'));
  const first = await last();
  while ((await last()) === first) {
    if (!(await dataOwner(data, staleMs))) return true;
    await rest(Math.min(1_000, staleMs / 10));
  }
  return false;
}

const ownerText = ({ pid, host, url }: DataOwner, near: boolean): string =>
  `process ${pid}${near ? '' : ` on ${host}`}${url ? ` at ${url}` : ''}`;

/**
 * What is in place of the claim. `away`: deleted, or another process is reading it at this moment and puts it back or
 * takes the directory over; the next beat shows which.
 */
async function inPlace({ handle }: Claim, data: string): Promise<'mine' | 'away' | 'taken'> {
  const there = await stat(ownerFile(data)).catch(unless('ENOENT'));
  if (there) return there.ino === (await handle.stat()).ino ? 'mine' : 'taken';
  return (await handle.stat()).nlink > 0 ? 'mine' : 'away';
}

/** Shows that this process lives for as long as the claim is in place, and changes it. One thing after another. */
function keep(data: string, first: Claim, { beatMs, onLost }: Required<LockSettings>): DataLock {
  let mine = first;
  let away = false;
  let released = false;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => Promise<void>) => {
    const done = turn.then(act);
    turn = done.catch(() => undefined);
    return done;
  };
  const beat = async () => {
    if (released) return;
    const lost = (reason: keyof typeof lostBy) => {
      clearInterval(timer);
      onLost(lostBy[reason]);
    };
    const now = await inPlace(mine, data);
    if (now === 'taken') return lost('taken');
    if (now === 'away' && away) return lost('deleted');
    away = now === 'away';
    await mine.handle.write(mine.text, 0);
    await mine.handle.sync();
  };
  // A disk that does not take it is found by all else that is written there.
  const timer = setInterval(() => void inTurn(beat).catch(() => undefined), beatMs);
  timer.unref();
  return {
    announce: (url) =>
      inTurn(async () => {
        const put = (path: string) => rename(path, ownerFile(data));
        const next = await place(data, { ...thisProcess(), url }, put);
        await mine.handle.close();
        mine = next;
      }),
    release: () =>
      inTurn(async () => {
        if (released) return;
        released = true;
        clearInterval(timer);
        held.delete(data);
        if ((await inPlace(mine, data)) === 'mine') await rm(ownerFile(data), { force: true });
        await mine.handle.close();
      }),
  };
}

/**
 * The directory holds the database, stack state and tokens: only its owner may read it, with any umask, also where
 * an earlier version made it readable for others. @throws PortcullisError `data-unusable`, naming the setting.
 */
async function makePrivate(data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await chmod(data, 0o700);
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
 * Makes this process the owner of the data directory: PGlite and local state allow one process at a time. The claim of
 * a dead owner is taken over. On this host an owner is dead when its process has ended. An owner elsewhere (another host
 * or container on the same disk) is dead after half a minute without a write, which this waits for.
 * @throws PortcullisError `in-use`, naming the owner
 */
export async function lockData(data: string, settings: LockSettings = {}): Promise<DataLock> {
  const { beatMs = 5_000, staleMs = silentMs, onLost = () => {} } = settings;
  await makePrivate(data);
  for (;;) {
    const mine = await claim(data);
    if (mine) return keep(data, mine, { beatMs, staleMs, onLost });
    const other = await dataOwner(data, staleMs);
    if (other && !(await fallsSilent(data, other, staleMs))) {
      throw new PortcullisError(
        'in-use',
        `${data} belongs to ${ownerText(other, isNear(other))}; stop it, or set PORTCULLIS_DATA to another directory`,
      );
    }
    await clear(data, staleMs);
  }
}
