import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lastLines, onPath, runCommand } from './command.mjs';
import { readRepositoryFile, repository, stateDirectory } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { atLeast } from './version.mjs';

const minimum = '3.10';
const requirements = 'sandbox/requirements.txt';

/** Folder of the sandbox's Python environment. */
export const pythonDirectory = path.join(stateDirectory, 'python');
export const sandboxPython = path.join(pythonDirectory, 'bin', 'python');

/** What tests the API, in an environment of its own: some of its packages are of other versions. */
const schemathesisDirectory = path.join(stateDirectory, 'schemathesis');

/** What checks IAM policies, in an environment of its own for the same reason. */
const policyLintersDirectory = path.join(stateDirectory, 'policy-linters');

/** What the bench compares with, in an environment of its own for the same reason. */
const custodianDirectory = path.join(stateDirectory, 'custodian');
const custodianRequirements = 'bench/custodian/requirements.txt';

/** @typedef {{ path: string, version: string, venv: boolean }} Python */

/**
 * The Pythons of this machine that are new enough, those that can make an environment first.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<Python[]>}
 */
export async function findPythons(environment = process.env) {
  const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
  const script =
    'import sys,importlib.util as u;print(sys.version.split()[0],all(map(u.find_spec,("venv","ensurepip"))))';
  /** @type {Python[]} */
  const found = [];
  for (const file of names.flatMap((name) => onPath(name, environment))) {
    const { code, stdout } = await runCommand(file, ['-c', script]);
    const [version, venv] = stdout.trim().split(' ');
    if (code !== 0 || !version || !atLeast(version, minimum)) continue;
    found.push({ path: file, version, venv: venv === 'True' });
    if (venv === 'True') break;
  }
  return found.sort((a, b) => Number(b.venv) - Number(a.venv));
}

/**
 * @param {Python[]} pythons
 * @returns {Python}
 * @throws {SetupError} where none can make an environment
 */
export function choosePython(pythons) {
  const [python] = pythons;
  if (!python) {
    throw new SetupError(
      `Python ${minimum} or newer is needed for the sandbox and none is on PATH.`,
      'Install it (Debian, Ubuntu: `apt-get install python3 python3-venv`) and run the command again.',
    );
  }
  if (!python.venv) {
    throw new SetupError(
      `${python.path} (${python.version}) cannot make an environment: its venv or ensurepip module is missing.`,
      'Install it (Debian, Ubuntu: `apt-get install python3-venv`) and run the command again.',
    );
  }
  return python;
}

/**
 * The folder is part of the pin: scripts in an environment name their interpreter by its full path.
 * @param {string} file
 */
const pinOf = (file) =>
  createHash('sha256').update(readRepositoryFile(file)).update(repository).digest('hex');

/**
 * An environment with what a file of requirements pins; the version of the Python that it is of.
 * @param {string} directory
 * @param {string} file
 * @param {(text: string) => void} progress
 */
async function makeEnvironment(directory, file, progress) {
  const python = choosePython(await findPythons());
  rmSync(directory, { recursive: true, force: true });
  progress(`venv of ${python.path}`);
  await mustRun(python.path, ['-m', 'venv', directory]);
  progress('pip install');
  const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '-r', file];
  await mustRun(path.join(directory, 'bin', 'python'), pip, (line) => {
    if (/^(Collecting|Installing) /.test(line)) progress(line.slice(0, 60));
  });
  return python.version;
}

/** @type {import('./steps.mjs').Step} */
export const pythonStep = {
  id: 'python',
  name: 'sandbox Python environment',
  pin: () => pinOf(requirements),
  holds: () => existsSync(sandboxPython),
  async make(progress) {
    const version = await makeEnvironment(pythonDirectory, requirements, progress);
    const ministack = await ministackVersion();
    if (!ministack)
      throw new SetupError('ministack is not in the environment just made.', `See ${requirements}.`);
    return { path: sandboxPython, summary: `Python ${version} with ministack ${ministack}` };
  },
};

/** @type {import('./steps.mjs').Step} */
export const schemathesisStep = {
  id: 'schemathesis',
  name: 'Schemathesis',
  pin: () => pinOf('test/api/requirements.txt'),
  holds: (value) => existsSync(value.path),
  async make(progress) {
    const version = await makeEnvironment(schemathesisDirectory, 'test/api/requirements.txt', progress);
    const program = path.join(schemathesisDirectory, 'bin', 'schemathesis');
    return { path: program, summary: `Schemathesis on Python ${version}` };
  },
};

/** @type {import('./steps.mjs').Step} */
export const policyLintersStep = {
  id: 'policy-linters',
  name: 'parliament and policy_sentry',
  pin: () => pinOf('test/policy-linters/requirements.txt'),
  holds: (value) => existsSync(value.path),
  async make(progress) {
    const version = await makeEnvironment(
      policyLintersDirectory,
      'test/policy-linters/requirements.txt',
      progress,
    );
    const program = path.join(policyLintersDirectory, 'bin', 'python');
    return { path: program, summary: `parliament and policy_sentry on Python ${version}` };
  },
};

/** @type {import('./steps.mjs').Step} */
export const custodianStep = {
  id: 'custodian',
  name: 'Cloud Custodian',
  pin: () => pinOf(custodianRequirements),
  holds: (value) => existsSync(value.path),
  async make(progress) {
    const version = await makeEnvironment(custodianDirectory, custodianRequirements, progress);
    const program = path.join(custodianDirectory, 'bin', 'c7n-org');
    return { path: program, summary: `Cloud Custodian on Python ${version}` };
  },
};

/** Version of ministack in the sandbox's environment; undefined where it is not there. */
export async function ministackVersion() {
  const script = 'from importlib.metadata import version; print(version("ministack"))';
  const { code, stdout } = await runCommand(sandboxPython, ['-c', script]);
  return code === 0 ? stdout.trim() : undefined;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {(line: string) => void} [onLine]
 */
async function mustRun(command, args, onLine) {
  const result = await runCommand(command, args, { cwd: repository, timeoutMs: 10 * 60_000, onLine });
  if (result.code === 0) return;
  throw new SetupError(
    `${command} ${args.join(' ')} failed (code ${result.code}):\n${lastLines(result)}`,
    'Check that pip reaches its package index, then run the command again.',
  );
}
