// node sandbox/setup/run.mjs <script> [arguments]: sets up what is missing, then runs the script.
import path from 'node:path';
import { awsPlugin } from './aws-plugin.mjs';
import { runInForeground } from './command.mjs';
import { node, npmPackages } from './packages.mjs';
import { languageHost, pulumiCli } from './pulumi.mjs';
import { ministack, parliament, schemathesis } from './python.mjs';
import { binDirectory, withPath } from './repository.mjs';
import { ensure, SetupError } from './steps.mjs';

const packages = [npmPackages, node];
const everything = [...packages, pulumiCli, languageHost, ministack];

/** What a control plane needs: no Python, no sandbox. */
const production = [...packages, pulumiCli, awsPlugin];

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
  'test:api': { steps: [...everything, schemathesis], commands: [['node', 'test/api/main.ts']] },
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
    steps: [...packages, parliament],
    commands: [['node', 'test/policy-linters/main.ts']],
  },
};

/** @param {string[]} options */
function setupOf(options) {
  const unknown = options.find((option) => option !== '--production');
  if (unknown) {
    throw new SetupError(`set-up has no option ${unknown}. Its only option is --production: no sandbox.`);
  }
  return { steps: options.length > 0 ? production : everything, commands: [] };
}

/** @param {string[]} argv */
async function main([name = '', ...args]) {
  const script = name === 'setup' ? setupOf(args) : scripts[name];
  if (!script) {
    throw new SetupError(`There is no script "${name}". Scripts: ${Object.keys(scripts).join(', ')}.`);
  }
  const cli = (await ensure(script.steps)).get(pulumiCli);
  const env = withPath(process.env, [binDirectory, ...(cli ? [path.dirname(cli.path)] : [])]);
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
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exitCode = 1;
}
