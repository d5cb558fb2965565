import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Token } from '../../settings/tokens.ts';

const fileOf = (data: string) => join(data, 'token');

/**
 * The tokens that the service goes by. Where the settings have none, a new one is made at each start: admin for the user
 * who can read the data directory. Its file is for that user alone and appears whole. The data directory must be locked.
 */
export async function servedTokens(configured: readonly Token[], data: string): Promise<readonly Token[]> {
  if (configured.length > 0) {
    await rm(fileOf(data), { force: true });
    return configured;
  }
  const token = randomBytes(32).toString('base64url');
  const draft = `${fileOf(data)}.draft`;
  await rm(draft, { force: true });
  await writeFile(draft, token, { mode: 0o600, flag: 'wx' });
  await rename(draft, fileOf(data));
  return [{ name: 'local', role: 'admin', token }];
}

/** The token of the service on a data directory; undefined where that service has configured ones. */
export async function localToken(data: string): Promise<string | undefined> {
  try {
    return await readFile(fileOf(data), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
