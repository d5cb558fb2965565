import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { lastLines, onPath, runCommand } from './command.mjs';
import { binDirectory, readRepositoryFile, repository, withPath } from './repository.mjs';
import { SetupError } from './setup-error.mjs';
import { atLeast } from './version.mjs';

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean }> }} PackageLock */

/** npm's own record of what is in node_modules; npm writes it last and removes it first. */
const installedRecord = path.join(repository, 'node_modules', '.package-lock.json');

const lockHash = () => createHash('sha256').update(readRepositoryFile('package-lock.json')).digest('hex');

/**
 * The first package that package-lock.json has and the record of node_modules lacks, or has in another
 * version. Optional packages may be absent: they are for other platforms.
 * @param {PackageLock} wanted
 * @param {PackageLock} installed
 * @returns {string | undefined}
 */
export function firstMismatch(wanted, installed) {
  for (const [name, { version, optional }] of Object.entries(wanted.packages)) {
    if (name === '') continue;
    const found = installed.packages[name];
    if (!found && optional) continue;
    if (found?.version !== version) return name;
  }
  return undefined;
}

/** The first package that is not as package-lock.json says; undefined where all are. */
export function packagesMismatch() {
  if (!existsSync(installedRecord)) return 'node_modules';
  return firstMismatch(
    JSON.parse(readRepositoryFile('package-lock.json')),
    JSON.parse(readFileSync(installedRecord, 'utf8')),
  );
}

/** @type {import('./steps.mjs').Step} */
export const packagesStep = {
  id: 'packages',
  name: 'npm packages',
  pin: lockHash,
  holds: () => existsSync(installedRecord),
  async make(progress) {
    if (packagesMismatch() !== undefined) await install(progress);
    const count = Object.keys(JSON.parse(readFileSync(installedRecord, 'utf8')).packages).length;
    return { path: installedRecord, summary: `${count} npm packages` };
  },
};

/** @param {(text: string) => void} progress */
async function install(progress) {
  progress('npm ci');
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  // PATH without node_modules/.bin, whose Node goes away while npm works.
  const result = await runCommand('npm', args, {
    cwd: repository,
    env: withPath(process.env, []),
    timeoutMs: 15 * 60_000,
  });
  const missing = result.code === 0 ? packagesMismatch() : undefined;
  if (result.code !== 0 || missing) {
    throw new SetupError(
      `npm ci failed (code ${result.code}${missing ? `, ${missing} is missing` : ''}):\n${lastLines(result)}`,
      'Check that npm reaches its registry and that the disk has 1 GB free, then run the command again.',
    );
  }
}

/** The Node that commands run on: the npm packages' own on Linux x64 and arm64, else the machine's. */
/** @type {import('./steps.mjs').Step} */
export const nodeStep = {
  id: 'node',
  name: 'Node',
  pin: () => `${readRepositoryFile('.node-version').trim()} ${lockHash()}`,
  holds: ({ path }) => existsSync(path),
  async make() {
    const pin = readRepositoryFile('.node-version').trim();
    const major = pin.split('.')[0];
    const [node] = onPath('node', withPath(process.env, [binDirectory]));
    const result = await runCommand(node ?? 'node', ['--version']);
    const version = result.stdout.trim();
    if (!node || result.code !== 0 || !atLeast(version, `${major}.0`)) {
      throw new SetupError(
        `Node ${major} or newer is needed and ${node ?? 'node'} is ${version || 'not able to run here'} (${process.platform} ${process.arch}).`,
        `Install Node ${pin}, for example with \`nvm install ${pin}\`, and run the command again.`,
      );
    }
    return { path: node, summary: `Node ${version.slice(1)}` };
  },
};
