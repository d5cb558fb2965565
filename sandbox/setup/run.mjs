// node sandbox/setup/run.mjs <script> [arguments]: sets up what is missing, then runs the script.
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { killCommands } from './command.mjs';
import { nodeStep, packagesStep } from './packages.mjs';
import { pulumiStep } from './pulumi.mjs';
import { pythonStep } from './python.mjs';
import { createReporter } from './reporter.mjs';
import { binDirectory, repository, stateDirectory, withPath } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { ensureSteps } from './steps.mjs';

const packages = [packagesStep, nodeStep];
const everything = [...packages, pulumiStep, pythonStep];

/** @type {Record<string, { steps: import('./steps.mjs').Step[], commands: string[][] }>} */
const scripts = {
  setup: { steps: everything, commands: [] },
  test: { steps: everything, commands: [['vitest', 'run']] },
  demo: { steps: everything, commands: [['node', 'sandbox/demo.ts']] },
  sandbox: { steps: everything, commands: [['node', 'sandbox/main.ts']] },
  bench: { steps: everything, commands: [['node', 'bench/main.ts']] },
  check: {
    steps: packages,
    commands: [
      ['tsc', '-p', '.'],
      ['biome', 'check', '--error-on-warnings'],
    ],
  },
};

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command on this process's terminal and answers with its exit code, 128 + signal where one ended it.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function runInForeground([file = '', ...args], env) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: repository, env, stdio: 'inherit' });
    /** @param {NodeJS.Signals} signal */
    const pass = (signal) => {
      // A terminal sends Ctrl-C to the child as well; once is enough.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of signals) process.on(signal, pass);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve(signal ? 128 + os.constants.signals[signal] : (code ?? 1));
    });
  });
}

/** @param {string[]} argv */
async function main([name = '', ...args]) {
  const script = scripts[name];
  if (!script) {
    throw new SetupError(`There is no script "${name}".`, `Scripts: ${Object.keys(scripts).join(', ')}.`);
  }
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    killCommands();
    process.exit(128 + os.constants.signals[signal]);
  };
  for (const signal of signals) process.on(signal, stop);
  const values = await ensureSteps(script.steps, stateDirectory, createReporter(process.stderr));
  for (const signal of signals) process.off(signal, stop);

  const pulumi = values.pulumi ? [path.dirname(values.pulumi.path)] : [];
  const env = withPath(process.env, [binDirectory, ...pulumi]);
  const extra = script.commands.length === 1 ? args : [];
  let code = 0;
  for (const command of script.commands) {
    code = (await runInForeground([...command, ...extra], env)) || code;
  }
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n        ${error.mend}\n`);
  process.exitCode = 1;
}
