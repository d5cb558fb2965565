import { mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isExecutable, lastLines, onPath, runCommand } from './command.mjs';
import { goBuild, goMinimum } from './go.mjs';
import { processExists } from './lock.mjs';
import { withPath } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { compatible } from './version.mjs';

export const pulumiPin = '3.259.0';

/** Where `PulumiCommand.install` of @pulumi/pulumi puts a version (automation/cmd.js, `withDefaults`). */
export const pulumiRoot = path.join(os.homedir(), '.pulumi', 'versions', pulumiPin);
export const versionCache = path.join(pulumiRoot, 'bin', 'pulumi');
const setupDirectory = path.dirname(fileURLToPath(import.meta.url));
const download = 'https://get.pulumi.com/install.sh';

/** @typedef {{ path: string, version: string }} Pulumi */
/**
 * A place the CLI may come from. `find` answers with the CLI, or with the reason it is not to be had there.
 * @typedef {{ name: string, find: (progress: (text: string) => void) => Promise<Pulumi | string> }} PulumiSource
 */

/**
 * The CLI of the first source that has it; later sources are not asked.
 * @param {PulumiSource[]} sources
 * @param {(text: string) => void} progress
 * @returns {Promise<Pulumi & { source: string }>}
 * @throws {SetupError} naming every source's reason
 */
export async function firstPulumi(sources, progress) {
  const reasons = [];
  for (const { name, find } of sources) {
    progress(name);
    const answer = await find(progress);
    if (typeof answer !== 'string') return { ...answer, source: name };
    reasons.push(`  ${name}: ${answer}`);
  }
  throw new SetupError(
    `No Pulumi CLI ${pulumiPin} or newer:\n${reasons.join('\n')}`,
    `Install the CLI (https://www.pulumi.com/docs/install/) so that \`pulumi\` is on PATH, or install Go ${goMinimum()} or newer so that it can be built here, and run the command again.`,
  );
}

/** @type {PulumiSource[]} found without installing anything */
export const presentSources = [
  {
    name: 'PATH',
    async find() {
      const files = onPath('pulumi', withPath(process.env, []));
      const answers = [];
      for (const file of files) {
        const answer = await probe(file);
        if (typeof answer !== 'string') return answer;
        answers.push(answer);
      }
      return answers.join('; ') || 'no pulumi there';
    },
  },
  { name: 'version cache', find: () => probe(versionCache) },
];

/** @type {PulumiSource[]} in DESIGN's order */
const sources = [
  ...presentSources,
  { name: 'official install', find: officialInstall },
  { name: 'build from the Go module', find: buildFromModule },
];

/** @type {import('./steps.mjs').Step} */
export const pulumiStep = {
  id: 'pulumi',
  name: 'Pulumi CLI',
  pin: () => `${pulumiPin} ${versionCache}`,
  holds: (value) => isExecutable(value.path) && fingerprint(value.path) === value.fingerprint,
  async make(progress) {
    const found = await firstPulumi(sources, progress);
    return {
      path: found.path,
      fingerprint: fingerprint(found.path),
      summary: `Pulumi CLI ${found.version} (${found.source})`,
    };
  },
};

/** @param {string} file */
function fingerprint(file) {
  const { size, mtimeMs } = statSync(realpathSync(file));
  return `${size} ${mtimeMs}`;
}

/**
 * @param {string} file
 * @returns {Promise<Pulumi | string>}
 */
async function probe(file) {
  if (!isExecutable(file)) return `${file} is not there`;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' };
  const { code, stdout, output } = await runCommand(file, ['version'], { env });
  if (code !== 0) return `${file} does not run: ${output.trim().slice(0, 200)}`;
  const version = stdout.trim().replace(/^v/, '');
  if (!compatible(version, pulumiPin)) return `${file} is ${version}, ${pulumiPin} or a later 3.x is needed`;
  return { path: file, version };
}

/**
 * @param {(text: string) => void} progress
 * @returns {Promise<Pulumi | string>}
 */
async function officialInstall(progress) {
  const unreachable = await reachable(download);
  if (unreachable) return `${download} is not reachable (${unreachable})`;
  return installInto(async (root) => {
    progress(`downloading ${pulumiPin}`);
    const script = path.join(setupDirectory, 'official-install.mjs');
    const result = await runCommand(process.execPath, [script, root, pulumiPin], { timeoutMs: 5 * 60_000 });
    return result.code === 0 ? undefined : `failed: ${lastLines(result)}`;
  });
}

/**
 * @param {string} url
 * @returns {Promise<string | undefined>} why not, in at most five seconds
 */
async function reachable(url) {
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5000) });
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    const { cause, message } = /** @type {Error & { cause?: { code?: string } }} */ (error);
    return cause?.code ?? message;
  }
}

/**
 * @param {(text: string) => void} progress
 * @returns {Promise<Pulumi | string>}
 */
async function buildFromModule(progress) {
  return installInto((root) =>
    goBuild(
      {
        module: 'pulumi-cli',
        program: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
        version: pulumiPin,
        output: path.join(root, 'bin', 'pulumi'),
        minutes: '3 to 8 minutes',
      },
      progress,
    ),
  );
}

/**
 * Lets `install` fill a new folder beside the cache, proves the CLI in it, then moves its files into the
 * cache, `pulumi` last: what is in the cache is whole.
 * @param {(root: string) => Promise<string | undefined>} install answers with the reason of a failure
 * @returns {Promise<Pulumi | string>}
 */
async function installInto(install) {
  const versions = path.dirname(pulumiRoot);
  mkdirSync(versions, { recursive: true });
  dropDeadDrafts(versions);
  const draft = mkdtempSync(`${pulumiRoot}.draft-${process.pid}-`);
  const drop = () => rmSync(draft, { recursive: true, force: true });
  process.once('exit', drop);
  try {
    const failure = await install(draft);
    if (failure) return failure;
    const bin = path.join(draft, 'bin');
    const answer = await probe(path.join(bin, 'pulumi'));
    if (typeof answer === 'string') return answer;
    mkdirSync(path.dirname(versionCache), { recursive: true });
    for (const file of readdirSync(bin).sort((a) => (a === 'pulumi' ? 1 : -1))) {
      renameSync(path.join(bin, file), path.join(path.dirname(versionCache), file));
    }
    return { ...answer, path: versionCache };
  } finally {
    process.off('exit', drop);
    drop();
  }
}

/**
 * Removes the drafts of set-ups that were killed; those of living processes (other clones) stay.
 * @param {string} versions
 */
export function dropDeadDrafts(versions) {
  for (const name of readdirSync(versions)) {
    const pid = /\.draft-(\d+)-/.exec(name)?.[1];
    if (pid && !processExists(Number(pid)))
      rmSync(path.join(versions, name), { recursive: true, force: true });
  }
}
