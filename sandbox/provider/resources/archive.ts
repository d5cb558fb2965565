import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { isObject, type Value } from '../protocol/field.ts';

type Files = { [path: string]: Uint8Array };

/**
 * The archive of a `code` property as a zip file. Equal contents give equal bytes: entries are sorted, dated 1980
 * and readable by everyone. A `.zip` file is passed on unchanged.
 * @throws for archives and assets that come from an address.
 */
export async function zipOf(archive: Value | undefined): Promise<Uint8Array> {
  if (!isObject(archive)) throw new Error('property "code" is no archive');
  if (typeof archive.path === 'string' && archive.path.endsWith('.zip')) return readFile(archive.path);
  const files = await filesOf(archive);
  const entries: Zippable = {};
  for (const path of Object.keys(files).sort()) {
    const bytes = files[path];
    if (bytes) entries[path] = [bytes, { mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 }];
  }
  return zipSync(entries, { level: 9 });
}

async function filesOf(archive: { [key: string]: Value }): Promise<Files> {
  if (typeof archive.path === 'string') return directory(archive.path);
  if (!isObject(archive.assets)) throw new Error('only local archives are supported in property "code"');
  const files: Files = {};
  for (const [path, asset] of Object.entries(archive.assets)) {
    if (!isObject(asset)) throw new Error(`archive entry "${path}" is no asset`);
    if (typeof asset.text === 'string') files[path] = new TextEncoder().encode(asset.text);
    else if (isObject(asset.assets)) Object.assign(files, under(path, await filesOf(asset)));
    else if (typeof asset.path === 'string') Object.assign(files, await fileOrDirectory(path, asset.path));
    else throw new Error(`archive entry "${path}" is neither text nor a local file`);
  }
  return files;
}

async function fileOrDirectory(name: string, path: string): Promise<Files> {
  try {
    return { [name]: await readFile(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    return under(name, await directory(path));
  }
}

async function directory(root: string): Promise<Files> {
  const files: Files = {};
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(root.length).replace(/^\/+/, '')] = await readFile(path);
  }
  return files;
}

function under(prefix: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${prefix}/${path}`, bytes]));
}
