import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ code: number, stdout: string, output: string }} CommandResult code 127: not found, 124: out of time */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** Ends every command still running, with its children. */
export function killCommands() {
  for (const child of running) signalGroup(child, 'SIGTERM');
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * The end of a command run in its own process group, so that a limit or a signal ends its children as well.
 * Never throws for a failing command: `code` tells.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onLine?: (line: string) => void }} [options]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, options = {}) {
  const { cwd, env = process.env, timeoutMs = 20_000, onLine } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let [stdout, output, partial, late] = ['', '', '', false];
    const timer = setTimeout(() => {
      late = true;
      signalGroup(child, 'SIGKILL');
    }, timeoutMs);
    /** @param {string} text */
    const take = (text) => {
      output += text;
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    /** @param {number} code */
    const end = (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: late ? 124 : code, stdout, output });
    };
    child.on('error', (error) => {
      output += error.message;
      end(127);
    });
    child.on('close', (code) => end(code ?? 1));
  });
}

/** @param {CommandResult} result */
export function lastLines(result) {
  const text = result.output.trim().split('\n').slice(-20).join('\n');
  return result.code === 124 ? `${text}\n(stopped: out of time)` : text;
}

/**
 * Every executable file called `name` on PATH, in order.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} environment
 */
export function onPath(name, environment) {
  const folders = (environment.PATH ?? '').split(path.delimiter).filter(Boolean);
  return folders.map((folder) => path.join(folder, name)).filter(isExecutable);
}

/** @param {string} file */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // absent or not ours to run: the same for a search
  }
}
