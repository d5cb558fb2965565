import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The process id and, on Linux, the time that the process started, because ids are used again (a container's are the
 * same small numbers each time).
 * @param {number} pid
 */
function holder(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
    return `${pid} ${fields[19]}`; // field 22 of proc(5), counted from the third
  } catch {
    return `${pid} -`; // not Linux, or the process has ended
  }
}

/**
 * Whether a process with this id exists, also of another user.
 * @param {number} pid
 */
export function processExists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;

/** @param {string} held */
function isAlive(held) {
  const pid = Number.parseInt(held, 10);
  return pid > 0 && processExists(pid) && (holder(pid) === held || holder(pid).endsWith(' -'));
}

/**
 * Runs `act`. @returns {boolean} false when it fails with this code
 * @param {string} code
 * @param {() => void} act
 */
function unless(code, act) {
  try {
    act();
    return true;
  } catch (error) {
    if (codeOf(error) === code) return false;
    throw error;
  }
}

/**
 * The holder that a lock names; empty when it names none, undefined without a lock.
 * @param {string} file
 */
function read(file) {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'EINVAL') return ''; // a file, as earlier versions wrote it
    throw error;
  }
}

/**
 * Takes the lock `file` and returns the function that releases it (safe to call twice). Waits while a living process
 * holds it; breaks the lock of a dead one. The lock is a symbolic link to the holder's id: the system creates a link
 * together with its target, so no process can read an empty lock.
 * @param {string} file
 * @param {(pid: number) => void} [onWait] called once, with the holder, before waiting
 * @param {number} [pollMs]
 */
export async function takeLock(file, onWait = () => {}, pollMs = 300) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = holder(process.pid);
  let waited = false;
  while (!unless('EEXIST', () => symlinkSync(mine, file))) {
    const held = read(file);
    if (held === undefined) continue;
    if (!isAlive(held)) {
      breakLock(file, held);
      continue;
    }
    if (!waited) onWait(Number.parseInt(held, 10));
    waited = true;
    await delay(pollMs);
  }
  return () => {
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

/**
 * Moves the lock aside before removing it. When two processes find it stale, the second one may move the first one's
 * new lock; it sees that by the content and puts it back.
 * @param {string} file
 * @param {string} stale
 */
function breakLock(file, stale) {
  const aside = `${file}.${process.pid}.stale`;
  if (!unless('ENOENT', () => renameSync(file, aside))) return;
  const held = read(aside);
  if (held !== undefined && held !== stale) unless('EEXIST', () => symlinkSync(held, file));
  rmSync(aside, { force: true });
}
