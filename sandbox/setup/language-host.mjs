import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { isExecutable, onPath } from './command.mjs';
import { goBuild } from './go.mjs';
import { pulumiStep, versionCache } from './pulumi.mjs';
import { readRepositoryFile, stateDirectory, withPath } from './repository.mjs';
import { stampedValue } from './steps.mjs';

/** The last version that is a package of a Go module of its own; later ones are in the official install only. */
const hostVersion = /sdk\/v3 v(\S+)/.exec(readRepositoryFile('sandbox/setup/node-host/go.mod'))?.[1] ?? '';
const name = 'pulumi-language-nodejs';

/**
 * The language host that the CLI would start: the first on PATH, else the one beside the CLI.
 * @returns {string | undefined}
 */
export function findLanguageHost() {
  const cli = stampedValue(pulumiStep, stateDirectory)?.path;
  const beside = [path.dirname(cli ?? versionCache), path.dirname(versionCache)];
  return [
    ...onPath(name, withPath(process.env, [])),
    ...beside.map((folder) => path.join(folder, name)).filter(isExecutable),
  ][0];
}

/**
 * What plain `pulumi preview` needs beside the CLI. The official install has it; a CLI that was built from its Go module
 * has not. The service and the tests of everything else do without, so a machine that cannot build it goes on.
 * @type {import('./steps.mjs').Step}
 */
export const languageHostStep = {
  id: 'language-host',
  name: 'Node language host of plain `pulumi`',
  pin: () => `${hostVersion} ${versionCache}`,
  holds: ({ path: file }) => isExecutable(file),
  async make(progress) {
    const found = findLanguageHost();
    if (found) return { path: found, summary: 'Node language host' };
    const target = path.join(path.dirname(versionCache), name);
    const failure = await build(target, progress);
    return failure
      ? { path: '', summary: `no Node language host, so plain \`pulumi\` does not work (${failure})` }
      : { path: target, summary: `Node language host ${hostVersion} (built from the Go module)` };
  },
};

/**
 * @param {string} target
 * @param {(text: string) => void} progress
 * @returns {Promise<string | undefined>} why there is none
 */
async function build(target, progress) {
  mkdirSync(path.dirname(target), { recursive: true });
  const draft = `${target}.draft-${process.pid}`;
  const program = 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs';
  try {
    const wanted = {
      module: 'node-host',
      program,
      version: hostVersion,
      output: draft,
      minutes: 'up to a minute',
    };
    const failure = await goBuild(wanted, progress);
    if (!failure) renameSync(draft, target);
    return failure;
  } finally {
    rmSync(draft, { force: true });
  }
}
