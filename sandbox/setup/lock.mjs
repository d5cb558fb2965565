import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Who holds a lock: the process id and, where the system tells it, the time that process started, because
 * ids are used again (a container's are the same small numbers each time).
 * @param {number} pid
 */
function holder(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
    return `${pid} ${fields[19]}`; // field 22 of proc(5), counted from the third
  } catch {
    return `${pid} -`; // not Linux, or the process is gone
  }
}

/**
 * Whether a process with this id is there, ours or another user's.
 * @param {number} pid
 */
export function processExists(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
  }
}

/** @param {string} content */
function alive(content) {
  const pid = Number.parseInt(content, 10);
  if (!(pid > 0 && processExists(pid))) return false;
  const now = holder(pid);
  return now === content || now.endsWith(' -');
}

/**
 * Takes the lock `file` for this process and returns the function that gives it back (safe to call twice).
 * Waits while a living process holds it; breaks the lock of a dead one.
 * @param {string} file
 * @param {(pid: number) => void} [onWait] called once, with the holder, where there is one to wait for
 * @param {number} [pollMs]
 */
export async function takeLock(file, onWait = () => {}, pollMs = 300) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = holder(process.pid);
  let waited = false;
  for (;;) {
    if (created(file, mine)) {
      return () => {
        if (contentOf(file) === mine) rmSync(file, { force: true });
      };
    }
    const content = contentOf(file);
    if (content === undefined) continue;
    if (!alive(content)) {
      breakLock(file, content);
      continue;
    }
    if (!waited) onWait(Number.parseInt(content, 10));
    waited = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/**
 * Creates `file` with its content in one act, so that no one ever reads it empty.
 * @param {string} file
 * @param {string} content
 * @returns {boolean} false where it exists
 */
function created(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    return linked(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {boolean} false where `to` exists
 */
function linked(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} file */
function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Moves the lock aside before removing it: of two processes that found it stale, the second may have moved
 * the first one's fresh lock, sees that by its content, and puts it back.
 * @param {string} file
 * @param {string} stale
 */
function breakLock(file, stale) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return;
    throw error;
  }
  if (contentOf(aside) !== stale) linked(aside, file);
  rmSync(aside, { force: true });
}
