import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { repository } from './repository.mjs';

/** @typedef {{ code: number, stdout: string, output: string }} CommandResult code 127: not found, 124: out of time */

/** Signals by which a person or a supervisor asks this process to end. */
/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @param {NodeJS.Signals} signal */
const exitCodeOf = (signal) => 128 + os.constants.signals[signal];

/**
 * Calls `handle` for each of the signals, until the returned function is called.
 * @param {(signal: NodeJS.Signals) => void} handle
 */
function onSignals(handle) {
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.off(signal, handle);
  };
}

/**
 * The end of a command run in its own process group: the time limit, or a signal to this process, ends its children as
 * well. Never throws for a failing command: `code` says it.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onLine?: (line: string) => void }} [options]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, options = {}) {
  const { cwd, env = process.env, timeoutMs = 20_000, onLine = () => {} } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, output, late] = ['', '', false];
    /** @param {NodeJS.Signals} signal */
    const signalGroup = (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
      }
    };
    const timer = setTimeout(() => {
      late = true;
      signalGroup('SIGKILL');
    }, timeoutMs);
    const ignoreSignals = onSignals((signal) => {
      signalGroup('SIGTERM');
      process.exit(exitCodeOf(signal));
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (stream === child.stdout) stdout += text;
      });
      createInterface({ input: stream }).on('line', onLine);
    }
    /** @param {number} code */
    const end = (code) => {
      clearTimeout(timer);
      ignoreSignals();
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
 * Runs a command on this process's terminal, in the repository, and answers with its exit code, 128 + signal
 * where one ended it. Signals to this process go on to the command, which decides when to end.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export function runInForeground([file = '', ...args], env) {
  return new Promise((resolve, reject) => {
    // Before the command starts: a signal in between would end this process and leave the command behind.
    const ignoreSignals = onSignals((signal) => {
      // A terminal sends Ctrl-C to the child as well; once is enough.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
    const child = spawn(file, args, { cwd: repository, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      ignoreSignals();
      resolve(signal ? exitCodeOf(signal) : (code ?? 1));
    });
  });
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
