import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository this set-up belongs to. */
export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Folder of everything set-up makes (ignored by git); deleting it costs time and nothing else. */
export const stateDirectory = path.join(repository, '.portcullis');

/** Folder of the npm packages' commands. */
export const binDirectory = path.join(repository, 'node_modules', '.bin');

/** @param {string} file relative to the repository */
export function readRepositoryFile(file) {
  return readFileSync(path.join(repository, file), 'utf8');
}

/**
 * `environment` with `folders` first on PATH, and the npm packages' commands nowhere else on it.
 * @param {NodeJS.ProcessEnv} environment
 * @param {string[]} folders
 * @returns {NodeJS.ProcessEnv}
 */
export function withPath(environment, folders) {
  const rest = (environment.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder && folder !== binDirectory);
  return { ...environment, PATH: [...folders, ...rest].join(path.delimiter) };
}
