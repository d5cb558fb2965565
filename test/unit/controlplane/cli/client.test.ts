import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DataLock, lockData } from '../../../../controlplane/store/database/directory-lock.ts';
import { cli } from './cli.ts';
import { emptyAnswers } from './empty-service.ts';

/** A service that knows no account, as the commands find it; the token that each request had. */
const answers: Record<string, object> = { ...emptyAnswers, '/v1/exceptions': { exceptions: [] } };
let tokens: (string | undefined)[];
const server = createServer((request, response) => {
  tokens.push(request.headers.authorization);
  response.end(JSON.stringify(answers[(request.url ?? '').replace(/\?limit=500.*$/, '')]));
});
let data: string;
let url: string;
let lock: DataLock;
beforeEach(async () => {
  tokens = [];
  data = await mkdtemp(join(tmpdir(), 'portcullis-cli-'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  lock = await lockData(data);
  lock.announce(url);
  for (const name of ['PORTCULLIS_HUB_ACCOUNT', 'PORTCULLIS_HUB_REGION', 'PULUMI_CONFIG_PASSPHRASE'])
    vi.stubEnv(name, '');
  for (const name of ['PORTCULLIS_URL', 'PORTCULLIS_TOKEN']) vi.stubEnv(name, '');
  vi.stubEnv('PORTCULLIS_DATA', data);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  lock.release();
  await new Promise((done) => server.close(done));
  await rm(data, { recursive: true });
});

test('a service that runs on the data directory is enough: neither hub nor passphrase nor address is asked for', async () => {
  expect(await cli('exceptions')).toEqual({ exit: 0, out: 'no exceptions\n', complaint: '' });
  expect(await cli('status')).toMatchObject({ exit: 3 });
});

test('policy diff reads the results of that service with the token that it keeps', async () => {
  await writeFile(join(data, 'token'), 'kept-by-the-service\n');
  answers['/v1/remediations?limit=1000'] = { remediations: [] };
  const file = 'test/fixtures/policy-commands/policy.yaml';
  expect((await cli('policy', 'diff', file, file, '--against', 'service')).complaint).toBe('');
  expect(tokens).toEqual(['Bearer kept-by-the-service']);
});

test('the token is PORTCULLIS_TOKEN, else the one in the data directory, and none of PORTCULLIS_TOKENS', async () => {
  const sent = async () => {
    await cli('exceptions');
    return tokens.at(-1);
  };
  vi.stubEnv('PORTCULLIS_TOKENS', 'ops:0123456789abcdef');
  expect(await sent()).toBeUndefined();
  await writeFile(join(data, 'token'), 'kept-by-the-service\n');
  expect(await sent()).toBe('Bearer kept-by-the-service');
  vi.stubEnv('PORTCULLIS_TOKEN', 'mine');
  expect(await sent()).toBe('Bearer mine');
  vi.stubEnv('PORTCULLIS_TOKEN', '');
  // An address that is named could be anyone's.
  vi.stubEnv('PORTCULLIS_URL', url);
  expect(await sent()).toBeUndefined();
});
