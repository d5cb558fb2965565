import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isExecutable, lastLines, onPath, runCommand } from './command.mjs';
import { readRepositoryFile, repository, withPath } from './repository.mjs';
import { atLeast, compatible } from './version.mjs';

export const pulumiPin = '3.259.0';

/** Where `PulumiCommand.install` of @pulumi/pulumi puts a version (automation/cmd.js, `withDefaults`). */
const cache = path.join(os.homedir(), '.pulumi', 'versions', pulumiPin);
const cached = path.join(cache, 'bin', 'pulumi');
const installer = 'https://get.pulumi.com/install.sh';

/**
 * A module of ours in this directory that requires a program of Pulumi: the program's own replace directives make
 * `go install …@version` refuse.
 * @typedef {{ module: string, program: string, version: string, time: string }} GoProgram
 */

/** @type {GoProgram} */
const cli = {
  module: 'pulumi-cli',
  program: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
  version: pulumiPin,
  time: '3 to 8 minutes',
};

/** The last version that is a package of a Go module of its own; later ones are in the official install only. */
/** @type {GoProgram} */
const host = {
  module: 'node-host',
  program: 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
  version: /sdk\/v3 v(\S+)/.exec(readRepositoryFile('sandbox/setup/node-host/go.mod'))?.[1] ?? '',
  time: 'up to a minute',
};

/** @returns {string} the oldest Go that builds both */
export function goMinimum() {
  return /^go (\S+)$/m.exec(readRepositoryFile('sandbox/setup/pulumi-cli/go.mod'))?.[1] ?? '';
}

/** @type {import('./steps.mjs').Step} */
export const pulumiCli = {
  name: 'Pulumi CLI',
  async find() {
    const reasons = [];
    for (const file of [...onPath('pulumi', withPath(process.env, [])), cached]) {
      const found = await probe(file);
      if (typeof found !== 'string') return found;
      reasons.push(found);
    }
    return `no ${pulumiPin} or later 3.x (${reasons.join('; ')})`;
  },
  async make(progress) {
    progress('official install');
    /** @param {string} draft */
    const broken = async (draft) => {
      const found = await probe(path.join(draft, 'bin', 'pulumi'));
      return typeof found === 'string' ? found : undefined;
    };
    const official = await intoCache(
      async (draft) => (await runInstaller(draft, progress)) ?? (await broken(draft)),
    );
    if (!official) return undefined;
    const built = await intoCache(
      async (draft) => (await goBuild(cli, draft, progress)) ?? (await broken(draft)),
    );
    if (!built) return undefined;
    return `${await pulumiCli.find()}, and it cannot be installed:
  official install: ${official}
  build from the Go module: ${built}
Install the CLI (https://www.pulumi.com/docs/install/) so that \`pulumi\` is on PATH, or install Go ${goMinimum()} or newer so that it can be built here, and run the command again.`;
  },
};

/**
 * What plain `pulumi preview` needs beside the CLI. The official install has it; a CLI that was built from its Go module
 * has not. The service and the tests of everything else do without.
 * @type {import('./steps.mjs').Step}
 */
export const languageHost = {
  name: 'Node language host',
  optional: true,
  // The CLI starts the first one on PATH, else the one beside itself.
  find() {
    const name = path.basename(host.program);
    const files = [...onPath(name, withPath(process.env, [])), path.join(cache, 'bin', name)];
    const file = files.find(isExecutable);
    if (!file) return 'plain `pulumi` does not work without it';
    return { version: '', path: file };
  },
  async make(progress) {
    const failure = await intoCache((draft) => goBuild(host, draft, progress));
    return failure && `plain \`pulumi\` does not work without it (${failure})`;
  },
};

/**
 * @param {string} file
 * @returns {Promise<import('./steps.mjs').Found | string>}
 */
async function probe(file) {
  if (!isExecutable(file)) return `${file} does not exist`;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' };
  const { code, stdout, output } = await runCommand(file, ['version'], { env });
  if (code !== 0) return `${file} does not run: ${output.trim().slice(0, 200)}`;
  const version = stdout.trim().replace(/^v/, '');
  return compatible(version, pulumiPin) ? { path: file, version } : `${file} is ${version}`;
}

/**
 * Lets `install` fill the folder `bin` of a draft, then moves its files into the cache, `pulumi` last: what is in the
 * cache is complete. A killed set-up of this repository leaves a draft, which the next one removes.
 * @param {(draft: string) => Promise<string | undefined>} install answers with the reason of a failure
 * @returns {Promise<string | undefined>} the reason of a failure
 */
async function intoCache(install) {
  const draft = `${cache}.draft-${createHash('sha256').update(repository).digest('hex').slice(0, 8)}`;
  const bin = path.join(draft, 'bin');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  try {
    const failure = await install(draft);
    if (failure) return failure;
    mkdirSync(path.dirname(cached), { recursive: true });
    for (const file of readdirSync(bin).sort((a) => (a === 'pulumi' ? 1 : -1))) {
      renameSync(path.join(bin, file), path.join(path.dirname(cached), file));
    }
    return undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * @param {string} draft
 * @param {(text: string) => void} progress
 * @returns {Promise<string | undefined>} the reason of a failure
 */
async function runInstaller(draft, progress) {
  const script = path.join(draft, 'install.sh');
  try {
    const response = await fetch(installer, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) return `${installer} answers with status ${response.status}`;
    writeFileSync(script, await response.text());
  } catch (error) {
    const { cause, message } = /** @type {Error & { cause?: { code?: string } }} */ (error);
    return `${installer} is not reachable (${cause?.code ?? message})`;
  }
  progress(`downloading ${pulumiPin}`);
  const args = [script, '--no-edit-path', '--install-root', draft, '--version', pulumiPin];
  const result = await runCommand('sh', args, { timeoutMs: 5 * 60_000 });
  return result.code === 0 ? undefined : lastLines(result);
}

/**
 * @param {GoProgram} wanted
 * @param {string} draft
 * @param {(text: string) => void} progress
 * @returns {Promise<string | undefined>} the reason of a failure
 */
async function goBuild({ module, program, version, time }, draft, progress) {
  const cwd = path.join(repository, 'sandbox/setup', module);
  const go = await runCommand('go', ['env', 'GOVERSION'], { cwd });
  if (go.code === 127) return 'no Go on PATH';
  if (go.code !== 0 || !atLeast(go.stdout, goMinimum())) {
    return `Go ${goMinimum()} or newer is needed: ${go.output.trim().slice(0, 200)}`;
  }
  const symbol = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`;
  const output = path.join(draft, 'bin', path.basename(program));
  const flags = ['-mod=readonly', '-trimpath', '-v', '-ldflags', `-X ${symbol}`, '-o', output];
  let [modules, packages] = [0, 0];
  const report = () =>
    progress(`building (${time}): ${modules} modules fetched, ${packages} packages compiled`);
  report();
  const result = await runCommand('go', ['build', ...flags, program], {
    cwd,
    timeoutMs: 30 * 60_000,
    onLine: (line) => {
      if (line.startsWith('go: downloading ')) modules += 1;
      else packages += 1;
      report();
    },
  });
  return result.code === 0 ? undefined : `go build failed: ${lastLines(result)}`;
}
