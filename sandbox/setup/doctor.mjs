// node sandbox/setup/doctor.mjs: what this machine has, where and which version, and what is missing.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { awsPlugin } from './aws-plugin.mjs';
import { isExecutable, onPath, runCommand } from './command.mjs';
import { node, npmPackages } from './packages.mjs';
import { goMinimum, languageHost, pulumiCli } from './pulumi.mjs';
import { ministack, python } from './python.mjs';
import { withPath } from './repository.mjs';
import { atLeast } from './version.mjs';

/** @typedef {import('./steps.mjs').Step} Step */

/**
 * A program of the machine that set-up does not make.
 * @param {string} name
 * @param {string} missing what to say where it is not found
 * @param {{ command: string, args?: string[], folders?: string[], minimum?: string }} wanted `folders` come after PATH
 * @returns {Step}
 */
function program(name, missing, { command, args = ['--version'], folders = [], minimum = '0.0' }) {
  return {
    name,
    async find() {
      const env = withPath(process.env, []);
      const inFolders = folders.map((folder) => path.join(folder, command)).filter(isExecutable);
      for (const file of [...onPath(command, env), ...inFolders]) {
        const { code, stdout } = await runCommand(file, args, { env });
        const version = /\d+(\.\d+)+/.exec(stdout)?.[0];
        if (code === 0 && version && atLeast(version, minimum)) return { version, path: file };
      }
      return missing;
    },
  };
}

/** @returns {Step} */
function awsPluginInUse() {
  const standIn = process.env.PORTCULLIS_AWS_PLUGIN;
  if (!standIn) return awsPlugin;
  const file = path.join(standIn, 'pulumi-resource-aws');
  const missing = `PORTCULLIS_AWS_PLUGIN names ${standIn}, which has no pulumi-resource-aws`;
  return {
    name: awsPlugin.name,
    find: () => (isExecutable(file) ? { version: 'stand-in', path: file } : missing),
  };
}

const debian = '/usr/lib/postgresql';
const postgresFolders = existsSync(debian)
  ? readdirSync(debian).map((version) => path.join(debian, version, 'bin'))
  : [];
const bySetup = 'run `npm run setup` (npm test and npm run demo do it as well)';

/** @type {{ step: Step, needed: boolean, fix?: string }[]} */
const rows = [
  { step: node, needed: true },
  { step: program('npm', 'not found: install Node with npm', { command: 'npm' }), needed: true },
  { step: npmPackages, needed: true, fix: bySetup },
  { step: pulumiCli, needed: true, fix: bySetup },
  { step: languageHost, needed: false, fix: bySetup },
  { step: awsPluginInUse(), needed: false },
  { step: python, needed: true },
  { step: ministack, needed: true, fix: bySetup },
  {
    step: program(
      'Go',
      `${goMinimum()} or newer not found: only needed where the Pulumi CLI cannot be downloaded`,
      { command: 'go', args: ['version'], minimum: goMinimum() },
    ),
    needed: false,
  },
  {
    step: program(
      'Postgres server',
      'not found: only the tests against Postgres need it; Debian, Ubuntu: `apt-get install postgresql`',
      { command: 'postgres', folders: postgresFolders.sort().reverse() },
    ),
    needed: false,
  },
];

const missing = [];
for (const { step, needed, fix } of rows) {
  const found = await step.find();
  const absent = typeof found === 'string';
  const mark = absent ? (needed ? 'MISSING ' : 'absent  ') : 'ok      ';
  const text = absent ? [found, fix].filter(Boolean).join(': ') : `${found.version}  ${found.path}`.trim();
  console.log(`${mark} ${step.name.padEnd(18)} ${text}`);
  if (absent && needed) missing.push(step.name);
}
console.log(missing.length === 0 ? 'Nothing needed is missing.' : `Missing: ${missing.join(', ')}.`);
process.exitCode = missing.length === 0 ? 0 : 1;
