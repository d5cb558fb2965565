import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const repository = path.resolve(import.meta.dirname, '../..');
export const tracked = execFileSync('git', ['ls-files'], { cwd: repository, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(repository, file)));
export const sources = tracked.filter((file) => /\.(ts|tsx|mjs|js|py|sh)$/.test(file) || file === '.ci/run');
export const modules = sources.filter((file) => /\.(ts|tsx|mjs|js)$/.test(file));
export const text = (file: string) => readFileSync(path.join(repository, file), 'utf8');
export const inFolder = (folder: string) => modules.filter((file) => file.startsWith(`${folder}/`));

/** Everything a module imports: packages by name, our own files by their path in the repository. */
export function importsOf(file: string): string[] {
  return ts.preProcessFile(text(file)).importedFiles.map(({ fileName }) => {
    return fileName.startsWith('.') ? path.posix.join(path.posix.dirname(file), fileName) : fileName;
  });
}
