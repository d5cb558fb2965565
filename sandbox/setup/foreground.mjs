import { spawn } from 'node:child_process';
import os from 'node:os';
import { repository } from './repository.mjs';

/** Signals by which a person or a supervisor asks this process to end. */
/** @type {NodeJS.Signals[]} */
export const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command on this process's terminal, in the repository, and answers with its exit code, 128 + signal
 * where one ended it. Signals to this process go on to the command, which decides when to end.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
export function runInForeground([file = '', ...args], env) {
  return new Promise((resolve, reject) => {
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // A terminal sends Ctrl-C to the child as well; once is enough.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    // Before the command starts: a signal in between would end this process and leave the command behind.
    for (const signal of signals) process.on(signal, pass);
    const child = spawn(file, args, { cwd: repository, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(signal ? 128 + os.constants.signals[signal] : (code ?? 1));
    });
  });
}
