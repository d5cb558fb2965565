import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpClient } from '../../../../controlplane/cli/client/http.ts';

let server: Server;
let answer: { status: number; body: unknown } = { status: 200, body: {} };
const asked: { path: string; body: unknown }[] = [];
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    asked.push({ path: request.url ?? '', body: text && JSON.parse(text) });
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => {
  server.close();
});
const client = () => httpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token');

describe('the client of the commands', () => {
  test('says what a take-over needs', async () => {
    await client().takeOver();
    expect(asked.at(-1)).toEqual({ path: '/v1/take-over', body: { confirm: 'take-over' } });
  });

  test('shows no character of others that a terminal or a reader acts on', async () => {
    const name = 'web\u202egnp.exe\u001b]0;owned\u0007\u009b2J';
    answer = { status: 200, body: { remediations: [{ id: '1', name }] } };
    expect(await client().remediations({})).toEqual({
      remediations: [{ id: '1', name: 'webgnp.exe]0;owned2J' }],
    });
    answer = { status: 404, body: { code: 'not-found', detail: `no ${name}` } };
    await expect(client().remediations({})).rejects.toMatchObject({ message: 'no webgnp.exe]0;owned2J' });
    answer = { status: 503, body: { reason: name } };
    expect(await client().notReady()).toBe('webgnp.exe]0;owned2J');
  });

  test('names an address where something else answers 503, as a load balancer does', async () => {
    const proxy = createServer((_, response) => response.writeHead(503).end('<html>Unavailable</html>'));
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await expect(httpClient(url, 'token').notReady()).rejects.toMatchObject({
      ...{ name: 'PortcullisError', message: expect.stringContaining('it is not Portcullis') },
    });
    proxy.close();
  });

  test('reads an error as problem+json', async () => {
    answer = { status: 409, body: { code: 'conflict', detail: 'the run has ended', status: 409 } };
    const refused = client().control('r', 'pause');
    await expect(refused).rejects.toMatchObject({ code: 'conflict', message: 'the run has ended' });
  });
});
