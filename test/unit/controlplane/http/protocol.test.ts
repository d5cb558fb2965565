import { execFileSync } from 'node:child_process';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsPage } from '../../../../controlplane/http/errors-page.ts';
import { problemOf } from '../../../../controlplane/http/problem.ts';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { application, listen } from '../../../../controlplane/http/server.ts';
import { type ErrorCode, errorTable, PortcullisError } from '../../../../controlplane/settings/errors.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { doorOf, token } from './world.ts';

const context = {
  queue: { request: async (run: object) => ({ id: 'r', ...run }) },
  store: { runs: { page: async () => ({ items: [], total: 0 }) } },
} as unknown as RouteContext;

let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  server = await listen(application(context, doorOf(token), '0', makeLogger('silent')), '127.0.0.1', 0);
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json' };
const known = { authorization: `Bearer ${token}` };
const ask = (path: string, init: RequestInit = {}) =>
  fetch(server.url + path, { ...init, headers: { ...known, ...init.headers } });

test.each(['/v1/runs', '/v1/nothing', '/healthz', '/openapi.json'])(
  'the answer to %s is not stored, not guessed at and not framed',
  async (path) => {
    const { headers } = await ask(path);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'self'/);
    expect(headers.get('x-powered-by')).toBeNull();
  },
);

describe('a method that a path does not take', () => {
  test.each([
    ['DELETE', '/v1/runs', 'GET, HEAD'],
    ['PUT', '/v1/reconcile', 'POST'],
    ['GET', '/v1/reconcile', 'POST'],
    ['OPTIONS', '/healthz', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
  ])('%s %s is 405 with what it takes', async (method, path, allowed) => {
    const answer = await ask(path, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
    expect(await answer.json()).toMatchObject({ code: 'method-not-allowed' });
  });

  test('HEAD is taken where GET is', async () => {
    expect((await ask('/v1/runs', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('a body', () => {
  const large = JSON.stringify({ accounts: ['300000000001'], padding: 'x'.repeat(300_000) });
  const post = (body: string, headers: Record<string, string> = {}) =>
    ask('/v1/reconcile', { method: 'POST', body, headers: { ...json, ...headers } });

  test('larger than 256 KB is 413', async () => {
    const answer = await post(large);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'too-large' });
  });

  test('is not read of a caller who is not known', async () => {
    expect((await post('{', { authorization: 'Bearer unknown' })).status).toBe(401);
    // Not even its first byte: the answer comes while the body is still to be sent.
    const status = await new Promise((answered, failed) => {
      const headers = { ...json, 'content-length': '1000000' };
      const sent = request(`${server.url}/v1/reconcile`, { method: 'POST', headers }, (answer) => {
        answered(answer.statusCode);
        sent.destroy();
      });
      sent.on('error', failed);
      sent.flushHeaders();
    });
    expect(status).toBe(401);
  });

  test('that is not of its content-encoding is named as what is wrong', async () => {
    const answer = await post('{}', { 'content-encoding': 'gzip' });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { detail: expect.stringMatching(/^body: /) },
    ]);
  });

  test.each([
    ['a long name', JSON.stringify({ ['k'.repeat(200_000)]: 1 })],
    [
      'many names',
      JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`k${n}`, 1]))),
    ],
  ])('is not sent back in the message of its mistakes: %s', async (_, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect((await answer.text()).length).toBeLessThan(2_000);
  });

  test('that is deeper than a program can follow is refused', async () => {
    expect((await post(`{"accounts":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).status).toBe(400);
  });
});

test.each(['/v1/runs/%ff', '/v1/runs/%00', '/v1/restores/a%00b', `/v1/runs/${'x'.repeat(301)}`])(
  'GET %s is refused as a request that cannot be right',
  async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'invalid-request' });
  },
);

describe('errors', () => {
  const codes = Object.entries(errorTable) as [ErrorCode, (typeof errorTable)[ErrorCode]][];

  test('are problem+json with a link that leads to the explanation of the code', async () => {
    const answer = await ask('/v1/nothing');
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await answer.json()) as { type: string };
    expect(problem).toEqual({
      ...{ type: '/docs/errors.md#not-found', title: errorTable['not-found'].title, status: 404 },
      ...{ detail: expect.stringContaining('/v1/nothing'), code: 'not-found', retry: false },
    });
    const page = await fetch(new URL(problem.type, server.url));
    expect(page.headers.get('content-type')).toMatch(/^text\/markdown/);
    expect(await page.text()).toContain('\n## not-found\n');
  });

  test.each(codes)('%s is explained on the page', (code, { status, fix }) => {
    expect(errorsPage()).toContain(`\n## ${code}\n\nHTTP ${status}. `);
    expect(errorsPage()).toContain(fix);
    expect(problemOf(new PortcullisError(code, 'why'))).toMatchObject({ code, status, detail: 'why' });
  });

  test('docs/errors.md is the page of the table', () => {
    const script = new URL('../../../../docs/write-errors.ts', import.meta.url).pathname;
    expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
  });
});
