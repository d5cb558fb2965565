import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunWithStacks } from '../../../../controlplane/cli/client/http.ts';
import { cli } from './cli.ts';
import { runOf, stackOf } from './run-sample.ts';
import { statusOf } from './status-sample.ts';

/** A service that gives each answer by path. */
let answers: Record<string, { status?: number; body: unknown }>;
let bodies: string[];
let server: Server;
beforeEach(async () => {
  answers = {
    '/v1/confirmations': { body: { confirmations: [] } },
    '/v1/scope': { body: { leftOut: [], wrong: null } },
    '/readyz': { body: { status: 'ready' } },
  };
  bodies = [];
  server = createServer(async (request, response) => {
    for await (const chunk of request) bodies.push(String(chunk));
    const { status = 200, body } = answers[(request.url ?? '').replace(/\?limit=500.*$/, '')] ?? {
      status: 404,
      body: { code: 'not-found', detail: 'no' },
    };
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('PORTCULLIS_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('PORTCULLIS_HUB_ACCOUNT', '222222222222');
  vi.stubEnv('PORTCULLIS_HUB_REGION', 'eu-west-1');
  vi.stubEnv('PULUMI_CONFIG_PASSPHRASE', 'x');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await new Promise((done) => server.close(done));
});

const willEnd = (change: Partial<RunWithStacks>) => {
  answers['/v1/reconcile'] = { status: 202, body: runOf({}) };
  answers['/v1/runs/r'] = { body: runOf(change) };
};

describe('exit codes', () => {
  test('a wrong environment, where no service is there to ask: 2, naming the variable', async () => {
    vi.stubEnv('PORTCULLIS_HUB_ACCOUNT', '');
    vi.stubEnv('PORTCULLIS_URL', '');
    vi.stubEnv('PORTCULLIS_DATA', join(tmpdir(), `portcullis-cli-${process.pid}`));
    expect(await cli('status')).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('PORTCULLIS_HUB_ACCOUNT'),
    });
  });

  test.each<[string, Partial<RunWithStacks>, number]>([
    ['reconcile', { stacks: [stackOf('hub', 'succeeded')] }, 0],
    ['reconcile', { stacks: [stackOf('hub', 'unchanged')] }, 0],
    ['reconcile', { state: 'failed', stacks: [stackOf('hub', 'failed')] }, 1],
    ['reconcile', { state: 'failed', message: 'AWS Organizations cannot be read' }, 1],
    ['preview', { kind: 'preview', stacks: [stackOf('hub', 'unchanged')] }, 0],
    ['preview', { kind: 'preview', stacks: [stackOf('hub', 'succeeded')] }, 3],
    [
      'preview',
      { kind: 'preview', state: 'failed', stacks: [stackOf('hub', 'succeeded'), stackOf('a', 'failed')] },
      1,
    ],
  ])('%s that ends with %j', async (name, end, exit) => {
    willEnd(end);
    const answer = await cli(name, '--all');
    expect(answer.exit).toBe(exit);
    if (end.message) expect(answer.out).toContain(end.message);
  });

  test.each([
    [400, { code: 'invalid-request', detail: 'body: send JSON' }, 2],
    [500, { code: 'internal', detail: 'something went wrong here' }, 1],
    [502, '<html>Bad Gateway</html>', 1],
  ])('a service that answers %i', async (status, body, exit) => {
    answers['/v1/reconcile'] = { status, body };
    const answer = await cli('reconcile', '--all');
    expect(answer.exit).toBe(exit);
    expect(answer.complaint).toMatch(/^portcullis: ./);
  });

  test('a service that does not answer: 1, naming it', async () => {
    vi.stubEnv('PORTCULLIS_URL', 'http://127.0.0.1:9');
    expect(await cli('status')).toMatchObject({
      exit: 1,
      complaint: expect.stringContaining('http://127.0.0.1:9'),
    });
  });

  test('status: 0 where all is well, else 3', async () => {
    answers['/v1/status'] = { body: statusOf() };
    expect((await cli('status')).exit).toBe(0);
    const broken = { about: 'region-1', what: 'not ready', message: 'broke' };
    answers['/v1/status'] = { body: statusOf({ remarks: [broken] }) };
    const { exit, out } = await cli('status', '--json');
    expect(exit).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ policy: { mode: 'revoke' }, remarks: [broken], notReady: null });
  });

  test('status where the service is not ready: 3, with the reason', async () => {
    answers['/v1/status'] = { body: statusOf() };
    answers['/readyz'] = { status: 503, body: { status: 'not ready', reason: 'ou-root-gone is not there' } };
    const { exit, out } = await cli('status');
    expect(exit).toBe(3);
    expect(out).toContain('not ready: ou-root-gone is not there');
  });

  test.each(['reconcile', 'preview', 'verify'])('%s about a Region that does not exist: 2', async (name) => {
    const message = 'regions: eu-wset-1 is not a known AWS Region; did you mean eu-west-1?';
    const refused = { status: 400, body: { code: 'invalid-request', detail: message } };
    Object.assign(answers, { '/v1/reconcile': refused, '/v1/verify': refused });
    expect(await cli(name, '--region', 'eu-wset-1')).toMatchObject({
      ...{ exit: 2, complaint: `portcullis: ${message.replace('regions', '--region')}` },
    });
  });

  test('preview names what the settings leave out and a person has to let go', async () => {
    willEnd({ kind: 'preview', stacks: [stackOf('hub', 'unchanged')] });
    const because = 'eu-west-1 is not among PORTCULLIS_REGIONS';
    answers['/v1/scope'] = { body: { wrong: null, leftOut: [{ key: 'region-1-eu-west-1', because }] } };
    expect((await cli('preview')).out).toContain(
      `region-1-eu-west-1 stays until a person confirms: ${because}`,
    );
  });
});

test('the scope of the command line is the scope asked for', async () => {
  willEnd({});
  await cli(
    'preview',
    '--account',
    '300000000001',
    '--account',
    '300000000002',
    '--region',
    'eu-west-1',
    '--only-changed',
  );
  expect(JSON.parse(bodies[0] ?? '')).toEqual({
    accounts: ['300000000001', '300000000002'],
    regions: ['eu-west-1'],
    preview: true,
    onlyChanged: true,
  });
});
