// node sandbox/setup/run.mjs <script> [arguments]: sets up what is missing, then runs the script.
import os from 'node:os';
import path from 'node:path';
import { awsPluginStep } from './aws-plugin.mjs';
import { killCommands } from './command.mjs';
import { runInForeground, signals } from './foreground.mjs';
import { languageHostStep } from './language-host.mjs';
import { nodeStep, packagesStep } from './packages.mjs';
import { pulumiStep } from './pulumi.mjs';
import { policyLintersStep, pythonStep, schemathesisStep } from './python.mjs';
import { createReporter } from './reporter.mjs';
import { binDirectory, stateDirectory, withPath } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { ensureSteps } from './steps.mjs';

const packages = [packagesStep, nodeStep];
const everything = [...packages, pulumiStep, languageHostStep, pythonStep];

/** What a control plane needs: no Python, no sandbox. */
const production = [...packages, pulumiStep, awsPluginStep];

/** The scripts that generate pages, policies and schemas; with --check they fail on a stale file. */
const generated = [
  'docs/write-settings.ts',
  'docs/write-api.ts',
  'docs/write-errors.ts',
  'docs/write-quotas.ts',
  'docs/write-schemas.ts',
  'docs/write-access-role.ts',
  'docs/write-deployer-calls.ts',
  'bench/cost.ts',
];

/** @type {Record<string, { steps: import('./steps.mjs').Step[], commands: string[][] }>} */
const scripts = {
  setup: { steps: everything, commands: [] },
  test: { steps: everything, commands: [['vitest', 'run', '--project', 'unit', '--project', 'sandbox']] },
  'test:long': { steps: everything, commands: [['vitest', 'run', '--project', 'long']] },
  'test:faults': { steps: everything, commands: [['vitest', 'run', '--project', 'faults']] },
  'test:api': { steps: [...everything, schemathesisStep], commands: [['node', 'test/api/main.ts']] },
  'test:postgres': { steps: packages, commands: [['vitest', 'run', '--project', 'postgres']] },
  demo: { steps: everything, commands: [['node', 'sandbox/demo/main.ts']] },
  sandbox: { steps: everything, commands: [['node', 'sandbox/main.ts']] },
  bench: { steps: everything, commands: [['node', 'bench/main.ts']] },
  check: {
    steps: packages,
    commands: [
      ['tsc', '-p', '.'],
      ['biome', 'check', '--error-on-warnings'],
      ...generated.map((script) => ['node', script, '--check']),
    ],
  },
  'check:policies': {
    steps: [...packages, policyLintersStep],
    commands: [['node', 'test/policy-linters/main.ts']],
  },
};

/** @param {string[]} options */
function setupOf(options) {
  const unknown = options.find((option) => option !== '--production');
  if (unknown) {
    throw new SetupError(`set-up has no option ${unknown}.`, 'Its only option is --production: no sandbox.');
  }
  return { steps: options.length > 0 ? production : everything, commands: [] };
}

/** @param {string[]} argv */
async function main([name = '', ...args]) {
  const script = name === 'setup' ? setupOf(args) : scripts[name];
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
  const start = performance.now();
  let code = 0;
  for (const command of script.commands) {
    code = (await runInForeground([...command, ...extra], env)) || code;
  }
  if (script.commands.length > 0)
    process.stderr.write(`${name}: ${Math.round((performance.now() - start) / 1000)} s\n`);
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n        ${error.fix}\n`);
  process.exitCode = 1;
}
