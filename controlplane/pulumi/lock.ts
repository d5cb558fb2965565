import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StackKey } from '../stacks/key.ts';
import { every, poll } from '../time/poll.ts';

/** The process that wrote a lock. */
export interface LockOwner {
  readonly host: string;
  readonly pid: number;
}

/** A lock, as the CLI's message about a locked stack describes it. */
interface Lock extends LockOwner {
  readonly user: string;
  /** In the CLI's words. */
  readonly since: string;
}

/** The locks that the CLI's refusal names; none where the state is Pulumi Cloud's. */
export const locksIn = (refusal: string): Lock[] =>
  [...refusal.matchAll(/created by (.*)@(\S+) \(pid (\d+)\) at (\S+)/g)].map(
    ([, user = '', host = '', pid, since = '']) => ({ user, host, pid: Number(pid), since }),
  );

/** A lock that is left alone. */
export class LockHeld extends Error {}

/** Who holds the stack's locks, since when, and the command that breaks them, which works in any directory. */
export function lockedMessage(refusal: string, key: StackKey, state: string): string {
  const locks = locksIn(refusal).map(
    ({ user, host, pid, since }) => `${user}@${host} (process ${pid}) since ${since}`,
  );
  const holder = locks.length > 0 ? locks.join(', ') : 'another update';
  const name = locks.length > 0 ? `organization/portcullis/${key}` : key;
  return `the stack is locked by ${holder}; if that no longer works on it, break the lock: PULUMI_BACKEND_URL='${state}' pulumi cancel --yes --stack ${name}`;
}

/**
 * The command line of a process of this machine; undefined where there is none.
 * @throws where it cannot be read, which does not show that the process is dead
 */
async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
      throw error;
    });
    return text === '' ? undefined : text.replaceAll('\0', ' ').trim();
  }
  const listed = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(
    (error: { code?: unknown }) => {
      if (error.code === 1) return undefined; // ps found no such process
      throw error;
    },
  );
  return listed?.stdout.trim() || undefined;
}

const isPulumi = (command: string): boolean => /(^|\/)pulumi(\.exe)? /.test(command);

/** The CLI as the Automation API of a control plane runs it, on that stack: no person's `pulumi up` looks so. */
const isFromUs = (command: string, key: StackKey): boolean =>
  isPulumi(command) &&
  / --(client=\S+|exec-kind auto)/.test(command) &&
  `${command} `.includes(` --stack ${key} `);

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
};

const patience = 10_000;

async function end(pid: number, isIt: () => Promise<boolean>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    signalTo(pid, signal);
    if (await poll(every(100, patience), async () => !(await isIt()) || undefined)) return;
  }
  throw new Error(`process ${pid} does not end`);
}

/**
 * Ends the CLI processes on this machine that a dead control plane left working on the stack. One on another machine
 * lost its program when its control plane died, so it ends without help.
 * @throws LockHeld when the owner of a lock is a living `pulumi` that a person runs; that process is not ended
 */
export async function endOrphans(key: StackKey, owners: readonly LockOwner[]): Promise<void> {
  for (const { host, pid } of owners) {
    if (host !== hostname()) continue;
    const command = await commandLine(pid);
    if (command === undefined || !isPulumi(command)) continue; // it is dead, and its number perhaps another's
    if (!isFromUs(command, key)) {
      throw new LockHeld(`the stack is locked by process ${pid}, which is \`${command}\``);
    }
    await end(pid, async () => (await commandLine(pid)) === command);
  }
}

const pidFile = (workDir: string): string => join(workDir, 'cli.json');
const remembered = 8;

function pidsOf(workDir: string): number[] {
  try {
    return JSON.parse(readFileSync(pidFile(workDir), 'utf8')) as number[];
  } catch {
    return []; // none yet, or cut short by a crash: then nothing is known to be ours
  }
}

/** Writes down, before its first act, that a CLI process is ours. The work directory has one owner. */
export function rememberCli(workDir: string, pid: number): void {
  writeFileSync(pidFile(workDir), JSON.stringify([...pidsOf(workDir), pid].slice(-remembered)));
}

/**
 * Whether every lock is one that a CLI process of this work directory left, and that process is dead: it was killed, or
 * could not reach the state any more when it ended.
 */
export async function areOurDead(workDir: string, owners: readonly LockOwner[]): Promise<boolean> {
  const ours = new Set(pidsOf(workDir));
  if (owners.length === 0 || owners.some(({ host, pid }) => host !== hostname() || !ours.has(pid)))
    return false;
  const commands = await Promise.all(owners.map(({ pid }) => commandLine(pid)));
  return commands.every((command) => command === undefined || !isPulumi(command));
}
