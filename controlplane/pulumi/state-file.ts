import { readdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { StackKey } from '../stacks/key.ts';

const scheme = 'file://';

/**
 * The state's address as the CLI is to use it. In files it keeps the attributes of each file in a second one, written in
 * place before the first is renamed: killed in between, it can never read that state again (`failed to load checkpoint:
 * EOF`). Nothing reads these attributes, so none are written. Source: gocloud.dev/blob/fileblob, `metadata` and
 * `writerWithSidecar`.
 */
export function backendUrl(state: string): string {
  if (!state.startsWith(scheme) || /[?&]metadata=/.test(state)) return state;
  return `${state}${state.includes('?') ? '&' : '?'}metadata=skip`;
}

function directoryOf(state: string, workDir: string): string {
  const [path = ''] = state.slice(scheme.length).split('?');
  return path.startsWith('~') ? join(homedir(), path.slice(1)) : resolve(workDir, path);
}

/** Files of attributes whose names begin so; none where there is no such folder. */
async function attributesIn(folder: string, prefix = ''): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith('.attrs'))
    .map((name) => join(folder, name));
}

/** @throws if the file cannot be read, because its content is unknown then */
async function isWhole(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'; // deleted meanwhile: nothing to repair
    throw error;
  });
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Deletes attributes of a stack's files that a killed CLI left incomplete: the CLI of a person or of an earlier version
 * writes them. The files themselves stay. Returns whether there were any; false if the state is not in files.
 */
export async function repairAttributes(state: string, key: StackKey, workDir: string): Promise<boolean> {
  if (!state.startsWith(scheme)) return false;
  const root = join(directoryOf(state, workDir), '.pulumi');
  const own = [
    join(root, 'locks', 'organization', 'portcullis', key),
    join(root, 'history', 'portcullis', key),
    join(root, 'backups', 'portcullis', key),
  ];
  const files = [
    ...(await attributesIn(join(root, 'stacks', 'portcullis'), `${key}.`)),
    ...(await Promise.all(own.map((folder) => attributesIn(folder)))).flat(),
  ];
  let repaired = false;
  for (const file of files) {
    if (await isWhole(file)) continue;
    await rm(file, { force: true });
    repaired = true;
  }
  return repaired;
}
