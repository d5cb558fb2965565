import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { application, listen } from '../../../../controlplane/http/server.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { doorOf, token } from './world.ts';

const asked: unknown[] = [];
const context = {
  queue: {
    request: async (run: object) => {
      asked.push(run);
      return { id: 'r', ...run };
    },
  },
  missing: async () => [],
} as unknown as RouteContext;
const allowedHosts = ['Portcullis.example.com'];

let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  const app = application(context, { ...doorOf(token), allowedHosts }, '0', makeLogger('silent'));
  server = await listen(app, '127.0.0.1', 0);
});
afterAll(() => server.close());

/** `fetch` sets the Host header on its own. */
const ask = (path: string, headers: Record<string, string>, body?: string) =>
  new Promise<{ status: number; code: string }>((answered, failed) => {
    const all = { 'content-type': 'application/json', ...headers };
    const sent = request(
      new URL(path, server.url),
      { method: body ? 'POST' : 'GET', headers: all },
      (answer) => {
        text(answer).then(
          (body) => answered({ status: answer.statusCode ?? 0, code: JSON.parse(body).code }),
          failed,
        );
      },
    );
    sent.on('error', failed);
    sent.end(body);
  });

const everything = JSON.stringify({ scope: 'organization' });
const known = { authorization: `Bearer ${token}` };

describe('a Host header', () => {
  test.each([
    'localhost',
    'LOCALHOST:8420',
    'a.localhost',
    '127.0.0.1:8420',
    '10.1.2.3',
    '[::1]:8420',
    '[fd00::1]',
  ])('%s passes', async (host) => {
    expect(await ask('/v1/reconcile', { ...known, host }, everything)).toMatchObject({ status: 202 });
  });

  test.each(['portcullis.example.com', 'PORTCULLIS.example.com:443', 'portcullis.example.com.'])(
    '%s passes because it is in PORTCULLIS_ALLOWED_HOSTS',
    async (host) => {
      expect(await ask('/v1/reconcile', { ...known, host }, everything)).toMatchObject({ status: 202 });
    },
  );

  test.each([
    ...['evil.example', 'evil.example:8420', '127.0.0.1.evil.example', 'localhost.evil.example', '0x7f.1'],
    ...['evil.example@127.0.0.1', 'portcullis.example.com.evil.example', 'notlocalhost', '127.0.0.1:8420:1'],
  ])('%j is refused before the token is read, and nothing is asked for', async (host) => {
    const before = asked.length;
    for (const headers of [known, { authorization: 'Bearer wrong' }]) {
      const answer = await ask('/v1/reconcile', { ...headers, host }, everything);
      expect(answer).toEqual({ status: 421, code: 'misdirected' });
    }
    expect(asked).toHaveLength(before);
  });

  test.each([
    ['two headers', '/v1/runs', ['Host: localhost', 'Host: evil.example'], 400],
    ['two equal headers', '/v1/runs', ['Host: localhost', 'Host: localhost'], 400],
    ['another host in the target', 'http://evil.example/v1/runs', ['Host: localhost'], 421],
    ['the same host in the target', 'http://localhost/v1/runs', ['Host: localhost'], 401],
    ['user information in the target', 'http://localhost@evil.example/v1/runs', ['Host: localhost'], 421],
  ])('counts as the target of the request has it: %s', async (_, target, lines, status) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.end([`GET ${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'));
    expect((await text(socket)).split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test.each(['/healthz', '/readyz'])('of a probe may be any: %s', async (path) => {
    expect(await ask(path, { host: 'pod-7.portcullis.svc' })).toMatchObject({ status: 200 });
  });

  test('of a page that lies behind a probe path is refused', async () => {
    expect(await ask('/healthz/../v1/runs', { ...known, host: 'evil.example' })).toMatchObject({
      status: 421,
    });
    expect(await ask('/openapi.json', { host: 'evil.example' })).toMatchObject({ status: 421 });
  });
});

describe('an Origin header', () => {
  const host = '127.0.0.1:8420';
  test.each(['http://127.0.0.1:8420', 'https://portcullis.example.com'])('%s passes', async (origin) => {
    expect(await ask('/v1/reconcile', { ...known, host, origin }, everything)).toMatchObject({ status: 202 });
  });

  test.each([
    'http://evil.example',
    'null',
    '',
    'http://127.0.0.1:3000',
    'ftp://127.0.0.1:8420',
    'chrome-extension://127.0.0.1:8420',
    'http://someone@127.0.0.1:8420',
    'https://portcullis.example.com.evil.example',
  ])('%j is refused, with a known token as well', async (origin) => {
    const before = asked.length;
    const answer = await ask('/v1/reconcile', { ...known, host, origin }, everything);
    expect(answer).toEqual({ status: 403, code: 'foreign-origin' });
    expect(asked).toHaveLength(before);
  });
});
