import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { lastLines, onPath, runCommand } from './command.mjs';
import { binDirectory, readRepositoryFile, repository, withPath } from './repository.mjs';
import { atLeast } from './version.mjs';

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean }> }} PackageLock */

/** npm's own record of what is in node_modules; npm writes it last and removes it first. */
const installedRecord = path.join(repository, 'node_modules', '.package-lock.json');

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

/** @type {import('./steps.mjs').Step} */
export const npmPackages = {
  name: 'npm packages',
  find() {
    if (!existsSync(installedRecord)) return 'node_modules is not complete';
    const installed = JSON.parse(readFileSync(installedRecord, 'utf8'));
    const mismatch = firstMismatch(JSON.parse(readRepositoryFile('package-lock.json')), installed);
    if (mismatch) return `${mismatch} is not as package-lock.json says`;
    return { version: `(${Object.keys(installed.packages).length})`, path: path.dirname(installedRecord) };
  },
  async make(progress) {
    progress('npm ci');
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    // PATH without node_modules/.bin, whose Node npm deletes while it works.
    const env = withPath(process.env, []);
    const result = await runCommand('npm', args, { cwd: repository, env, timeoutMs: 15 * 60_000 });
    if (result.code === 0) return undefined;
    return `npm ci failed (code ${result.code}):\n${lastLines(result)}\nCheck that npm reaches its registry and that the disk has 1 GB free, then run the command again.`;
  },
};

/** The Node that commands run on: the npm packages' own on Linux x64 and arm64, else the machine's. */
/** @type {import('./steps.mjs').Step} */
export const node = {
  name: 'Node',
  async find() {
    const pin = readRepositoryFile('.node-version').trim();
    const major = pin.split('.')[0];
    const [file = 'node'] = onPath('node', withPath(process.env, [binDirectory]));
    const { code, stdout } = await runCommand(file, ['--version']);
    const version = stdout.trim().slice(1);
    if (code === 0 && atLeast(version, `${major}.0`)) return { version, path: file };
    return `Node ${major} or newer is needed and ${file} is ${version || 'not able to run here'} (${process.platform} ${process.arch}). Install Node ${pin}, for example with \`nvm install ${pin}\`; on Linux x64 and arm64 \`npm ci --include=optional\` does it.`;
  },
};
