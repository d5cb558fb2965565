import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { sendText } from '../../../../controlplane/http/answer.ts';
import { costlyReads } from '../../../../controlplane/http/limits.ts';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { application, type DoorSettings, listen } from '../../../../controlplane/http/server.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const [viewer, other] = ['0123456789-viewer', '0123456789-another'];
const door: DoorSettings = {
  tokens: [
    { name: 'one', role: 'viewer', token: viewer },
    { name: 'two', role: 'viewer', token: other },
  ],
  ...{ allowedHosts: [], requestsPerMinute: 100_000 },
};

/** Expensive reads that were begun and wait to be let go. */
const waiting: (() => void)[] = [];
const check = () => new Promise((done) => waiting.push(() => done({ intact: true })));
/** An export has one line, which waits as well. */
const lines = async function* () {
  await check();
  yield ['{"id":"1"}'];
};
const context = {
  store: {
    audit: { check, lines, append: async () => true },
    runs: { page: async () => ({ items: [], total: 0 }) },
  },
} as unknown as RouteContext;

let server: Awaited<ReturnType<typeof listen>> | undefined;
afterEach(async () => {
  for (const go of waiting.splice(0)) go();
  await server?.close();
});
async function start(more: Partial<DoorSettings> = {}) {
  const started = await listen(
    application(context, { ...door, ...more }, '0', makeLogger('silent')),
    ...(['127.0.0.1', 0] as const),
  );
  server = started;
  return (path: string, token = viewer, init: RequestInit = {}) =>
    fetch(started.url + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
}

describe('expensive reads', () => {
  test('run two at a time while others are answered, and all of them in the end', async () => {
    const ask = await start();
    const reads = Array.from({ length: 20 }, () => ask('/v1/audit/verify'));
    let answered = 0;
    for (const read of reads) void read.then(() => answered++);
    await vi.waitFor(() => expect(waiting).toHaveLength(2));
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/v1/runs')).status).toBe(200);
    expect([waiting.length, answered]).toEqual([2, 0]);
    while (answered < 20) {
      expect(waiting.length).toBeLessThanOrEqual(2);
      for (const go of waiting.splice(0)) go();
      await new Promise((turn) => setImmediate(turn));
    }
    expect(new Set((await Promise.all(reads)).map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('are refused where too many wait, with a time to come back', async () => {
    const ask = await start();
    const reads = Array.from({ length: 60 }, () => ask('/v1/audit/verify'));
    const refused = await Promise.race(reads);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ code: 'busy', retry: true });
    expect((await ask('/healthz')).status).toBe(200);
    const letGo = setInterval(() => waiting.splice(0).forEach((go) => void go()), 1);
    const statuses = (await Promise.all(reads)).map(({ status }) => status);
    clearInterval(letGo);
    expect(statuses.filter((status) => status === 200)).toHaveLength(52);
  });

  test('that fail leave their place to the next', async () => {
    const costly = costlyReads({ atOnce: 1, waiting: 1 });
    await expect(costly(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await costly(async () => 7)).toBe(7);
  });
});

describe('exports', () => {
  test('run four at a time, and take no place of the expensive reads', async () => {
    const ask = await start();
    const exports = Array.from({ length: 20 }, () => ask('/v1/audit/export'));
    await vi.waitFor(() => expect(waiting).toHaveLength(4));
    const read = ask('/v1/audit/verify');
    await vi.waitFor(() => expect(waiting).toHaveLength(5));
    expect((await ask('/healthz')).status).toBe(200);
    expect(waiting).toHaveLength(5);
    const letGo = setInterval(() => waiting.splice(0).forEach((go) => void go()), 1);
    const answers = await Promise.all([read, ...exports]);
    clearInterval(letGo);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test('end when the reader takes nothing', async () => {
    const endless = async function* () {
      for (;;) yield 'x'.repeat(100_000);
    };
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const answer = { status: 200, type: 'text/plain', text: endless() };
    const slow = await listen(
      (_, response) =>
        void sendText(answer, response, 100).then(
          () => resolve('sent'),
          () => resolve('broken'),
        ),
      ...(['127.0.0.1', 0] as const),
    );
    const reader = connect(Number(new URL(slow.url).port), '127.0.0.1');
    reader.on('error', () => undefined).pause();
    reader.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await ended).toBe('broken');
    reader.destroy();
    await slow.close();
  });
});

describe('requests of one token', () => {
  test('are limited each minute, and those of another are not', async () => {
    const ask = await start({ requestsPerMinute: 3 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await ask('/v1/runs')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refused = await ask('/v1/runs');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await refused.json()).toMatchObject({ code: 'too-many-requests', retry: true });
    expect((await ask('/v1/runs', other)).status).toBe(200);
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('are limited before their bodies are read', async () => {
    const ask = await start({
      ...{ requestsPerMinute: 1, tokens: [{ name: 'one', role: 'operator', token: viewer }] },
    });
    const post = () => ask('/v1/reconcile', viewer, { method: 'POST', body: '{', headers: json });
    const json = { 'content-type': 'application/json' };
    expect([(await post()).status, (await post()).status]).toEqual([400, 429]);
  });
});
