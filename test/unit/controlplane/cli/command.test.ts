import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunWithStacks } from '../../../../controlplane/cli/client/http.ts';
import { cli } from './cli.ts';
import { runOf, stackOf } from './run-sample.ts';
import { serviceOfTests } from './service.ts';
import { statusOf } from './status-sample.ts';

const service = serviceOfTests();
beforeEach(() => {
  service.answers = {
    '/v1/scope': { body: { leftOut: [], wrong: null } },
    '/readyz': { body: { status: 'ready' } },
  };
});

const willEnd = (change: Partial<RunWithStacks>) => {
  service.answers['/v1/reconcile'] = { status: 202, body: runOf({}) };
  service.answers['/v1/runs/r'] = { body: runOf(change) };
};

describe('exit codes', () => {
  test('a wrong environment, where no service is there to ask: 2, naming the variable', async () => {
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
    service.answers['/v1/reconcile'] = { status, body };
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
    service.answers['/v1/status'] = { body: statusOf() };
    expect((await cli('status')).exit).toBe(0);
    const broken = { about: 'region-1', what: 'not ready', message: 'broke' };
    service.answers['/v1/status'] = { body: statusOf({ remarks: [broken] }) };
    const { exit, out } = await cli('status', '--json');
    expect(exit).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ policy: { mode: 'revoke' }, remarks: [broken], notReady: null });
  });

  test('status where the service is not ready: 3, with the reason', async () => {
    service.answers['/v1/status'] = { body: statusOf() };
    service.answers['/readyz'] = {
      status: 503,
      body: { status: 'not ready', reason: 'ou-root-gone is not there' },
    };
    const { exit, out } = await cli('status');
    expect(exit).toBe(3);
    expect(out).toContain('not ready: ou-root-gone is not there');
  });

  test.each(['reconcile', 'preview', 'verify'])('%s about a Region that does not exist: 2', async (name) => {
    const message = 'regions: eu-wset-1 is not a known AWS Region; did you mean eu-west-1?';
    const refused = { status: 400, body: { code: 'invalid-request', detail: message } };
    Object.assign(service.answers, { '/v1/reconcile': refused, '/v1/verify': refused });
    expect(await cli(name, '--region', 'eu-wset-1')).toMatchObject({
      ...{ exit: 2, complaint: `portcullis: ${message.replace('regions', '--region')}` },
    });
  });

  test('preview names what the settings leave out and a person has to let go', async () => {
    willEnd({ kind: 'preview', stacks: [stackOf('hub', 'unchanged')] });
    const because = 'eu-west-1 is not among PORTCULLIS_REGIONS';
    service.answers['/v1/scope'] = {
      body: { wrong: null, leftOut: [{ key: 'region-1-eu-west-1', because }] },
    };
    expect((await cli('preview')).out).toContain(
      `region-1-eu-west-1 stays until a person confirms: ${because}`,
    );
  });
});

test('the scope of the command line is the scope asked for', async () => {
  willEnd({});
  const scope = '--account 300000000001 --account 300000000002 --region eu-west-1';
  await cli('preview', ...scope.split(' '), '--only-changed');
  expect(JSON.parse(service.asked[0]?.body ?? '')).toEqual({
    accounts: ['300000000001', '300000000002'],
    regions: ['eu-west-1'],
    preview: true,
    onlyChanged: true,
  });
});
