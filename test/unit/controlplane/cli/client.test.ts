import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DataLock, lockData } from '../../../../controlplane/store/database/directory-lock.ts';
import { cli } from './cli.ts';
import { serviceOfTests } from './service.ts';
import { countsOf, statusOf } from './status-sample.ts';

const service = serviceOfTests();
const tokens = () => service.asked.map(({ headers }) => headers.authorization);
let data: string;
let lock: DataLock;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-cli-'));
  lock = await lockData(data);
  lock.announce(service.url);
  service.answers = {
    '/v1/status': { body: statusOf({ total: countsOf({ accounts: 0, accountsReady: 0 }), groups: [] }) },
    '/readyz': { body: { status: 'ready' } },
    '/v1/exceptions': { body: { exceptions: [] } },
    '/v1/remediations?limit=1000': { body: { remediations: [] } },
  };
  vi.stubEnv('PORTCULLIS_URL', '');
  vi.stubEnv('PORTCULLIS_DATA', data);
});
afterEach(async () => {
  lock.release();
  await rm(data, { recursive: true });
});

test('a service that runs on the data directory is enough: neither hub nor passphrase nor address is asked for', async () => {
  expect(await cli('exceptions')).toEqual({ exit: 0, out: 'no exceptions\n', complaint: '' });
  expect(await cli('status')).toMatchObject({ exit: 3 });
});

test('policy diff reads the results of that service with the token that it keeps', async () => {
  await writeFile(join(data, 'token'), 'kept-by-the-service\n');
  const file = 'test/fixtures/policy-commands/policy.yaml';
  expect((await cli('policy', 'diff', file, file, '--against', 'service')).complaint).toBe('');
  expect(tokens()).toEqual(['Bearer kept-by-the-service']);
});

test('the token is PORTCULLIS_TOKEN, else the one in the data directory, and none of PORTCULLIS_TOKENS', async () => {
  const sent = async () => {
    await cli('exceptions');
    return tokens().at(-1);
  };
  vi.stubEnv('PORTCULLIS_TOKENS', 'ops:0123456789abcdef');
  expect(await sent()).toBeUndefined();
  await writeFile(join(data, 'token'), 'kept-by-the-service\n');
  expect(await sent()).toBe('Bearer kept-by-the-service');
  vi.stubEnv('PORTCULLIS_TOKEN', 'mine');
  expect(await sent()).toBe('Bearer mine');
  vi.stubEnv('PORTCULLIS_TOKEN', '');
  // An address that is named could be anyone's.
  vi.stubEnv('PORTCULLIS_URL', service.url);
  expect(await sent()).toBeUndefined();
});

test.each([
  ['exceptions', 'end-exception', 'portcullis exceptions lists them'],
  ['sweeps', 'cancel', 'GET /v1/sweeps lists them'],
])(
  'an unknown id of /v1/%s is refused with the command that lists them, if there is one',
  async (list, command, fix) => {
    const detail = `x does not exist; GET /v1/${list} lists them`;
    service.other = () => ({ status: 404, body: { code: 'not-found', detail } });
    expect(await cli(command, 'x')).toMatchObject({
      exit: 1,
      complaint: expect.stringContaining(`does not exist; ${fix}`),
    });
  },
);
