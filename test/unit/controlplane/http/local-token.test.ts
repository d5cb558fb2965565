import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { servedTokens } from '../../../../controlplane/http/access/local-token.ts';
import { tokenFile } from '../../../../controlplane/settings/token-file.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-token-'));
});
afterEach(() => rm(data, { recursive: true }));

test('without configured tokens a new one is made at each start, for this user alone', async () => {
  const umask = process.umask(0);
  try {
    const [first] = await servedTokens([], data);
    expect(first).toMatchObject({
      name: 'local',
      role: 'admin',
      token: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(await readFile(tokenFile(data), 'utf8')).toBe(first?.token);
    expect((await stat(join(data, 'token'))).mode & 0o777).toBe(0o600);
    const [second] = await servedTokens([], data);
    expect(second?.token).not.toBe(first?.token);
    expect(await readFile(tokenFile(data), 'utf8')).toBe(second?.token);
    expect(await readdir(data)).toEqual(['token']);
  } finally {
    process.umask(umask);
  }
});

test('a file that others could read is replaced, and so is what a crash left behind', async () => {
  for (const name of ['token', 'token.draft']) await writeFile(join(data, name), 'left', { mode: 0o644 });
  const [made] = await servedTokens([], data);
  expect(await readFile(tokenFile(data), 'utf8')).toBe(made?.token);
  expect((await stat(join(data, 'token'))).mode & 0o777).toBe(0o600);
});

test('with configured tokens none is made, and one of an earlier start is removed', async () => {
  await servedTokens([], data);
  const configured = [{ name: 'ops', role: 'admin', token: '0123456789abcdef' }] as const;
  expect(await servedTokens(configured, data)).toBe(configured);
  expect(await readdir(data)).toEqual([]);
});
