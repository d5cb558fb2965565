import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { application, type DoorSettings, listen } from '../../../../controlplane/http/server.ts';
import type { Run, RunRequest } from '../../../../controlplane/store/runs.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const id = '0190f2a4-7c3e-7b1a-9d2f-3c4b5a697887';
const token = '0123456789abcdef';
const asked: RunRequest[] = [];

const run = (request: RunRequest): Run => ({
  ...{ ...request, id, state: 'queued', message: null, rollout: {}, priority: 50 },
  ...{ createdAt: new Date(0), startedAt: null, plannedAt: null, finishedAt: null },
});
const pageOf = (...items: object[]) => ({ items, last: undefined, total: items.length });
const store = {
  runs: {
    get: async (wanted: string) => (wanted === id ? run({ kind: 'preview' } as RunRequest) : undefined),
  },
  runStacks: {
    counts: async () => [],
    changes: async () => ({ stacks: [], next: { at: ['1', ''] }, more: false }),
  },
  accounts: { page: async () => pageOf({ id: '300000000001' }) },
  stacks: {
    page: async () => {
      throw new Error('connection to 10.0.0.7 lost');
    },
  },
  remediations: {
    page: async (filter: object, { limit }: { limit: number }) => pageOf({ ...filter, limit }),
  },
} as unknown as Store;
const unasked = async () => Promise.reject(new Error('asked for something else'));
const queue = {
  async request(request: RunRequest) {
    asked.push(request);
    return run(request);
  },
  ...{ pause: unasked, resume: unasked, cancel: unasked },
};

const context = {
  layout: 'region' as const,
  ...{ store, queue, restores: { request: unasked }, verifier: { request: unasked } },
  sweeper: { request: unasked, cancel: unasked },
  offboarding: {
    ...{ scope: unasked, confirm: unasked, refuse: unasked },
    ...{ uninstallView: unasked, requestUninstall: unasked, requestReinstall: unasked },
  },
  ...{ metrics: unasked, accessTemplate: unasked },
  installation: { refusal: async () => undefined, takeOver: unasked },
  policy: async () => ({ version: 1 as const, rules: [] }),
  requireRegions: async () => undefined,
  missing: async () => [],
};

const door: DoorSettings = {
  tokens: [
    { name: 'ci', role: 'admin', token },
    { name: 'ops', role: 'operator', token: `${token}${token}` },
  ],
  ...{ allowedHosts: [], requestsPerMinute: 100_000 },
};
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  server = await listen(application(context, door, '0.1.0', makeLogger('silent')), '127.0.0.1', 0);
});
afterAll(() => server.close());

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(server.url + path, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  });
  const text = await response.text();
  expect(text).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules/);
  const body = JSON.parse(text);
  return { status: response.status, body, headers: response.headers, message: body.detail as string };
}
const post = (body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  ask('/v1/reconcile', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('POST /v1/reconcile', () => {
  test('answers 202 with the run and where it is found', async () => {
    const { status, body, headers } = await post({ accounts: ['300000000001'], preview: true });
    expect(status).toBe(202);
    expect(body).toMatchObject({ id, state: 'queued' });
    expect(headers.get('location')).toBe(`/v1/runs/${id}`);
    expect(asked.at(-1)).toEqual({
      kind: 'preview',
      scope: { accounts: ['300000000001'] },
      onlyChanged: false,
      requestedBy: 'ci',
    });
  });

  test('with the scope "organization" is about all of it, with every other field', async () => {
    expect((await post({ scope: 'organization', onlyChanged: true })).status).toBe(202);
    expect(asked.at(-1)).toMatchObject({ kind: 'reconcile', scope: {}, onlyChanged: true });
  });

  test('that is a preview is about everything unless a scope is named', async () => {
    expect((await post({ preview: true })).status).toBe(202);
    expect(asked.at(-1)).toMatchObject({ kind: 'preview', scope: {} });
  });

  const many = Array.from({ length: 201 }, (_, n) => String(300000000000 + n));
  test('takes 200 accounts', async () => {
    expect((await post({ accounts: many.slice(1) })).status).toBe(202);
  });

  test.each([
    [{}, 'scope: name accounts, organizationalUnits, regions, or write "scope": "organization"'],
    [{ onlyChanged: true }, 'scope: name accounts'],
    [{ preview: false }, 'scope: name accounts'],
    [{ scope: 'organization', accounts: ['300000000001'] }, 'leave out accounts'],
    [{ scope: 'everything' }, 'scope: write "organization"'],
    [{ accounts: many }, 'accounts: '],
    [{ regions: Array.from({ length: 201 }, () => 'eu-west-1') }, 'regions: '],
    [{ regions: ['x'.repeat(65)] }, 'regions.0: '],
    [{ regions: ['eu-west-1\0'] }, 'regions.0: a NUL character'],
    [{ regions: ['eu-west-1\ud800'] }, 'regions.0: a NUL character or half of a surrogate pair'],
    [{ organizationalUnits: [`ou-${'x'.repeat(66)}`] }, 'organizationalUnits.0: '],
    ['{"accounts": [', 'body'],
    [{ account: ['300000000001'] }, '"account"'],
    [{ accounts: ['300000000001', '12'] }, 'accounts.1'],
    [{ accounts: [] }, 'accounts'],
    [{ accounts: '300000000001' }, 'accounts'],
    [{ organizationalUnits: ['Production'] }, 'organizationalUnits.0'],
    [{ regions: [7] }, 'regions.0'],
    [{ preview: 'yes' }, 'preview'],
    [[], 'body'],
    ['"text"', 'body'],
  ])('answers 400 to %j and names %s', async (body, field) => {
    const before = asked.length;
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('invalid-request');
    expect(answer.message).toContain(field);
    expect(asked).toHaveLength(before);
  });

  test.each([{ 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }])(
    'refuses a body of another type rather than take it for an empty one: %j',
    async (headers) => {
      const before = asked.length;
      const answer = await post({ accounts: ['300000000001'] }, headers);
      expect(answer.status).toBe(400);
      expect(answer.message).toContain('application/json');
      expect(asked).toHaveLength(before);
    },
  );
});

test('every mistake of a request is named at once', async () => {
  const { message } = await post({ accounts: ['12'], preview: 'yes', rollout: { parallel: 0 } });
  expect(message).toMatch(/accounts\.0: .*preview: .*rollout\.parallel: /);
});

test('POST without a body is refused, it does not mean the whole organization', async () => {
  const before = asked.length;
  expect(await ask('/v1/reconcile', { method: 'POST' })).toMatchObject({ status: 400 });
  expect(asked).toHaveLength(before);
});

describe('a bearer token', () => {
  test.each([undefined, 'Bearer', 'Bearer ', 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`, token])(
    '%s is refused',
    async (authorization) => {
      const answer = await ask('/v1/accounts', { headers: { authorization: authorization ?? '' } });
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe('unauthenticated');
    },
  );

  test('says who asked', async () => {
    await ask('/v1/reconcile', {
      method: 'POST',
      body: '{"scope": "organization"}',
      headers: { authorization: `Bearer ${token}${token}`, 'content-type': 'application/json' },
    });
    expect(asked.at(-1)?.requestedBy).toBe('ops');
  });
});

describe('reading', () => {
  test('answers what the store holds', async () => {
    expect(await ask('/v1/accounts')).toMatchObject({
      status: 200,
      body: { accounts: [{ id: '300000000001' }] },
    });
    expect(await ask(`/v1/runs/${id}`)).toMatchObject({ status: 200, body: { id, stacks: [] } });
  });

  test.each(['/v1/runs/nonsense', `/v1/runs/${id.replace('0190', '0191')}`, '/v1/nothing', '/'])(
    'answers 404 to %s',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    },
  );

  test('of remediations takes filters and refuses others', async () => {
    const { body } = await ask('/v1/remediations?account=300000000001&limit=5');
    expect(body.remediations).toEqual([{ account: '300000000001', limit: 5 }]);
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=x', 'limit'],
      ['account=1', 'account'],
      ['acount=1', 'acount'],
    ]) {
      const answer = await ask(`/v1/remediations?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.message).toContain(field);
    }
  });

  test('answers 500 without the reason, which the log has', async () => {
    const answer = await ask('/v1/stacks');
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(JSON.stringify(answer.body)).not.toContain('10.0.0.7');
  });
});

test('GET /openapi.json answers the document of every route, without a token', async () => {
  const { status, body } = await ask('/openapi.json', { headers: { authorization: '' } });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { openapi: '3.1.0', info: { version: '0.1.0' } },
  });
});

test('a port that is taken is an error that names it', async () => {
  const port = Number(new URL(server.url).port);
  const app = application(context, door, '0', makeLogger('silent'));
  await expect(listen(app, '127.0.0.1', port)).rejects.toMatchObject({
    code: 'in-use',
    message: expect.stringContaining(String(port)),
  });
});
