// node sandbox/setup/doctor.mjs: what this machine has, where and which version, and what is missing.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { awsPluginVersion, findAwsPlugin } from './aws-plugin.mjs';
import { isExecutable, onPath, runCommand } from './command.mjs';
import { goMinimum } from './go.mjs';
import { findLanguageHost } from './language-host.mjs';
import { nodeStep, packagesMismatch } from './packages.mjs';
import { presentSources, pulumiPin } from './pulumi.mjs';
import { choosePython, findPythons, ministackVersion, sandboxPython } from './python.mjs';
import { binDirectory, readRepositoryFile, withPath } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { atLeast } from './version.mjs';

/**
 * One line of the answer. `found` is what was found and where; without it `fix` says what to do.
 * @typedef {{ name: string, needed: boolean, found?: string, fix: string }} Finding
 */

const bySetup = 'run `npm run setup` (npm test and npm run demo do it as well)';

/** @returns {Promise<Finding>} */
async function node() {
  const finding = { name: 'Node', needed: true };
  try {
    const value = await nodeStep.make(() => {});
    return { ...finding, found: `${value.summary.replace('Node ', '')}  ${value.path}`, fix: '' };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { ...finding, fix: `${error.message} On Linux x64 and arm64 ${bySetup}.` };
  }
}

/** @returns {Promise<Finding>} */
function npm() {
  return tool('npm', 'npm', true, 'install Node with npm');
}

/** @returns {Finding} */
function packages() {
  const missing = packagesMismatch();
  const found = missing ? undefined : `as package-lock.json says  ${path.dirname(binDirectory)}`;
  return {
    name: 'npm packages',
    needed: true,
    found,
    fix: `${missing} is not as package-lock.json says: ${bySetup}`,
  };
}

/** @returns {Promise<Finding>} */
async function pulumi() {
  const finding = { name: 'Pulumi CLI', needed: true };
  const reasons = [];
  for (const { name, find } of presentSources) {
    const answer = await find(() => {});
    if (typeof answer !== 'string')
      return { ...finding, found: `${answer.version}  ${answer.path}`, fix: '' };
    reasons.push(`${name}: ${answer}`);
  }
  return { ...finding, fix: `${pulumiPin} or a later 3.x (${reasons.join('; ')}): ${bySetup}` };
}

/** @returns {Finding} */
function languageHost() {
  const fix = `only plain \`pulumi\` needs it: ${bySetup}`;
  return { name: 'Node language host', needed: false, found: findLanguageHost(), fix };
}

/** @returns {Finding} */
function awsPlugin() {
  const standIn = process.env.PORTCULLIS_AWS_PLUGIN;
  const file = standIn ? path.join(standIn, 'pulumi-resource-aws') : findAwsPlugin();
  const found =
    file && isExecutable(file) ? `${standIn ? 'stand-in' : awsPluginVersion}  ${file}` : undefined;
  const fix = standIn
    ? `PORTCULLIS_AWS_PLUGIN names ${standIn}, which has no pulumi-resource-aws`
    : `official ${awsPluginVersion}; only production needs it: \`npm run setup -- --production\``;
  return { name: 'AWS plugin', needed: false, found, fix };
}

/** @returns {Promise<Finding>} */
async function python() {
  const finding = { name: 'Python', needed: true };
  try {
    const chosen = choosePython(await findPythons());
    return { ...finding, found: `${chosen.version}  ${chosen.path}`, fix: '' };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { ...finding, fix: `${error.message} ${error.fix}` };
  }
}

/** @returns {Promise<Finding>} */
async function ministack() {
  const version = await ministackVersion();
  const wanted = /^ministack==(\S+)$/m.exec(readRepositoryFile('sandbox/requirements.txt'))?.[1];
  const found = version !== undefined && version === wanted ? `${version}  ${sandboxPython}` : undefined;
  return {
    name: 'ministack',
    needed: true,
    found,
    fix: `${wanted} is wanted, ${version ?? 'none'} is here: ${bySetup}`,
  };
}

/** @returns {Promise<Finding>} */
async function go() {
  const fix = `only needed where the Pulumi CLI cannot be downloaded; ${goMinimum()} or newer`;
  const finding = await tool('Go', 'go', false, fix, ['version']);
  return finding.found && !atLeast(finding.found, goMinimum()) ? { ...finding, found: undefined } : finding;
}

/** @returns {Promise<Finding>} */
async function postgres() {
  const debian = '/usr/lib/postgresql';
  const folders = existsSync(debian)
    ? readdirSync(debian).map((version) => path.join(debian, version, 'bin'))
    : [];
  const fix = 'only the tests against Postgres need it; Debian, Ubuntu: `apt-get install postgresql`';
  return tool('Postgres server', 'postgres', false, fix, ['--version'], folders.sort().reverse());
}

/**
 * @param {string} name
 * @param {string} command
 * @param {boolean} needed
 * @param {string} fix
 * @param {string[]} [args]
 * @param {string[]} [folders] looked in after PATH
 * @returns {Promise<Finding>}
 */
async function tool(name, command, needed, fix, args = ['--version'], folders = []) {
  const env = withPath(process.env, []);
  const files = [
    ...onPath(command, env),
    ...folders.map((folder) => path.join(folder, command)).filter(isExecutable),
  ];
  for (const file of files) {
    const { code, stdout } = await runCommand(file, args, { env });
    const version = /\d+(\.\d+)+/.exec(stdout)?.[0];
    if (code === 0 && version) return { name, needed, found: `${version}  ${file}`, fix };
  }
  return { name, needed, fix };
}

const findings = [
  await node(),
  await npm(),
  packages(),
  await pulumi(),
  languageHost(),
  awsPlugin(),
  await python(),
  await ministack(),
  await go(),
  await postgres(),
];
for (const { name, needed, found, fix } of findings) {
  const mark = found ? 'ok      ' : needed ? 'MISSING ' : 'absent  ';
  console.log(`${mark} ${name.padEnd(18)} ${found ?? fix}`);
}
const missing = findings.filter(({ needed, found }) => needed && !found);
console.log(
  missing.length === 0
    ? 'Nothing needed is missing.'
    : `Missing: ${missing.map(({ name }) => name).join(', ')}.`,
);
process.exitCode = missing.length === 0 ? 0 : 1;
