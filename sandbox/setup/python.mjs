import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isExecutable, lastLines, onPath, runCommand } from './command.mjs';
import { readRepositoryFile, repository, stateDirectory } from './repository.mjs';
import { atLeast } from './version.mjs';

const minimum = '3.10';

/**
 * The first Python of this machine that is new enough and can make an environment.
 * @type {import('./steps.mjs').Step}
 */
export const python = {
  name: 'Python',
  async find() {
    const names = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
    const script =
      'import sys,importlib.util as u;print(sys.version.split()[0],all(map(u.find_spec,("venv","ensurepip"))))';
    let incomplete;
    for (const file of names.flatMap((name) => onPath(name, process.env))) {
      const { code, stdout } = await runCommand(file, ['-c', script]);
      const [version = '', venv] = stdout.trim().split(' ');
      if (code !== 0 || !atLeast(version, minimum)) continue;
      if (venv === 'True') return { version, path: file };
      incomplete ??= `${file} (${version}) cannot make an environment: its venv or ensurepip module is missing. Install it (Debian, Ubuntu: \`apt-get install python3-venv\`) and run the command again.`;
    }
    return (
      incomplete ??
      `Python ${minimum} or newer is needed for the sandbox and none is on PATH. Install it (Debian, Ubuntu: \`apt-get install python3 python3-venv\`) and run the command again.`
    );
  },
};

/**
 * A Python environment in a folder of its own, because the packages of one need other versions than those of another.
 * @param {{ name: string, folder: string, requirements: string, program: string }} wanted `program` is what runs in it,
 * `requirements` pins the package called `name` and everything that it needs
 * @returns {import('./steps.mjs').Step}
 */
function environment({ name, folder, requirements, program }) {
  const directory = path.join(stateDirectory, folder);
  const file = path.join(directory, 'bin', program);
  // What the environment was made of. Its programs name their interpreter by its full path, so a moved folder is another.
  const record = path.join(directory, 'made-of');
  const wanted = `${directory}\n${readRepositoryFile(requirements)}`;
  return {
    name,
    find() {
      if (!isExecutable(file)) return `${file} does not exist`;
      if (contentOf(record) !== wanted) return `${directory} is not as ${requirements} says`;
      return { version: new RegExp(`^${name}==(\\S+)$`, 'm').exec(wanted)?.[1] ?? '', path: file };
    },
    async make(progress) {
      const base = await python.find();
      if (typeof base === 'string') return base;
      rmSync(directory, { recursive: true, force: true });
      progress(`venv of ${base.path}`);
      const venv = await runCommand(base.path, ['-m', 'venv', directory], { timeoutMs: 5 * 60_000 });
      if (venv.code !== 0) return `venv failed (code ${venv.code}):\n${lastLines(venv)}`;
      progress('pip install');
      const args = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '-r', requirements];
      const pip = await runCommand(path.join(directory, 'bin', 'python'), args, {
        cwd: repository,
        timeoutMs: 10 * 60_000,
        onLine: (line) => /^(Collecting|Installing) /.test(line) && progress(line.slice(0, 60)),
      });
      if (pip.code !== 0)
        return `pip install failed (code ${pip.code}):\n${lastLines(pip)}\nCheck that pip reaches its package index, then run the command again.`;
      writeFileSync(record, wanted);
      return undefined;
    },
  };
}

/** @param {string} file */
function contentOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The emulator of the sandbox. */
export const ministack = environment({
  name: 'ministack',
  folder: 'python',
  requirements: 'sandbox/requirements.txt',
  program: 'python',
});

/** What tests the API. */
export const schemathesis = environment({
  name: 'schemathesis',
  folder: 'schemathesis',
  requirements: 'test/api/requirements.txt',
  program: 'schemathesis',
});

/** What checks IAM policies, together with policy_sentry. */
export const parliament = environment({
  name: 'parliament',
  folder: 'policy-linters',
  requirements: 'test/policy-linters/requirements.txt',
  program: 'python',
});

/** Cloud Custodian, which the bench compares with. */
export const custodian = environment({
  name: 'c7n_org',
  folder: 'custodian',
  requirements: 'bench/custodian/requirements.txt',
  program: 'c7n-org',
});
