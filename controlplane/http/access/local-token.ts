import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { tokenFile } from '../../settings/token-file.ts';
import type { Token } from '../../settings/tokens.ts';

/**
 * The tokens that the service goes by. Where the settings have none, a new one is made at each start: admin for the user
 * who can read the data directory. Its file is for that user alone and appears whole. The data directory must be locked.
 */
export async function servedTokens(configured: readonly Token[], data: string): Promise<readonly Token[]> {
  if (configured.length > 0) {
    await rm(tokenFile(data), { force: true });
    return configured;
  }
  const token = randomBytes(32).toString('base64url');
  const draft = `${tokenFile(data)}.draft`;
  await rm(draft, { force: true });
  await writeFile(draft, token, { mode: 0o600, flag: 'wx' });
  await rename(draft, tokenFile(data));
  return [{ name: 'local', role: 'admin', token }];
}
