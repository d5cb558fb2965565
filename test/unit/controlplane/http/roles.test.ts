import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { routes } from '../../../../controlplane/http/routes/table.ts';
import { application, listen } from '../../../../controlplane/http/server.ts';
import { type Role, roles } from '../../../../controlplane/settings/tokens.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';

const tokens = roles.map((role) => ({ name: `the-${role}`, role, token: `0123456789-${role}` }));
const door = { tokens, allowedHosts: [], requestsPerMinute: 100_000 };
const lines: string[] = [];

/** A context whose every part answers nothing: what is tried here happens before a route is handled. */
const nothing: unknown = new Proxy(() => Promise.resolve([]), {
  get: (_, name) => (name === 'then' ? undefined : nothing),
});

let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  const log = makeLogger('info', [], { write: (line) => lines.push(line) });
  server = await listen(application(nothing as RouteContext, door, '0', log), '127.0.0.1', 0);
});
afterAll(() => server.close());

const ask = (method: string, path: string, token?: string) =>
  fetch(server.url + path.replace(/:\w+/g, '0190f2a4-7c3e-7b1a-9d2f-3c4b5a697887'), {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    ...(method === 'post' && { body: '{"unknown": true}' }),
  });

/** What each role is for; a new route needs a line here. */
const least: Record<string, Role | 'anyone'> = {
  'post /v1/reconcile': 'operator',
  'get /v1/runs': 'viewer',
  'get /v1/runs/:id': 'viewer',
  'post /v1/runs/:id/pause': 'operator',
  'post /v1/runs/:id/resume': 'operator',
  'post /v1/runs/:id/cancel': 'operator',
  'get /v1/status': 'viewer',
  'get /v1/accounts': 'viewer',
  'get /v1/stacks': 'viewer',
  'get /v1/remediations': 'viewer',
  'get /v1/protection': 'viewer',
  'post /v1/verify': 'operator',
  'get /v1/verifications/:id': 'viewer',
  'post /v1/sweeps': 'operator',
  'get /v1/sweeps': 'viewer',
  'get /v1/sweeps/:id': 'viewer',
  'post /v1/sweeps/:id/cancel': 'operator',
  'get /v1/coverage': 'viewer',
  'post /v1/remediations/:id/restore': 'admin',
  'get /v1/restores/:id': 'viewer',
  'get /v1/exceptions': 'viewer',
  'get /v1/findings': 'viewer',
  'get /v1/findings/:id': 'viewer',
  'post /v1/exceptions/:name/end': 'operator',
  'get /v1/scope': 'viewer',
  'get /v1/confirmations': 'viewer',
  'get /v1/confirmations/:id': 'viewer',
  'post /v1/confirmations/:id/confirm': 'admin',
  'post /v1/confirmations/:id/refuse': 'admin',
  'post /v1/take-over': 'admin',
  'get /v1/uninstall': 'viewer',
  'post /v1/uninstall': 'admin',
  'post /v1/reinstall': 'admin',
  'get /v1/archived-stacks': 'viewer',
  'get /v1/archived-stacks/:key/state': 'admin',
  'get /v1/audit': 'viewer',
  'get /v1/audit/export': 'viewer',
  'get /v1/audit/verify': 'viewer',
  'get /metrics': 'metrics',
  'get /v1/access-role.yaml': 'operator',
  'get /v1/lifecycle-events': 'viewer',
  'get /healthz': 'anyone',
  'get /readyz': 'anyone',
};

test('the least role of every route is as listed here', () => {
  expect(Object.fromEntries(routes.map(({ method, path, role }) => [`${method} ${path}`, role]))).toEqual(
    least,
  );
});

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s',
  (name, route) => {
    const needed = least[name] ?? 'admin';

    test.each(tokens)('with the role $role', async ({ role, token }) => {
      const { status } = await ask(route.method, route.path, token);
      const may = needed === 'anyone' || roles.indexOf(role) >= roles.indexOf(needed);
      expect(status === 403).toBe(!may);
      expect(status).not.toBe(401);
    });

    test('without a token, and with an unknown one', async () => {
      for (const token of [undefined, '0123456789-unknown', '0123456789-admi', '0123456789-admin0'])
        expect((await ask(route.method, route.path, token)).status === 401).toBe(needed !== 'anyone');
    });
  },
);

test('a refusal names both roles and how to authenticate, and no token reaches the log', async () => {
  const refused = await ask('post', '/v1/take-over', '0123456789-viewer');
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer realm="portcullis", error="insufficient_scope"',
  );
  expect(await refused.json()).toMatchObject({
    ...{ code: 'forbidden', status: 403 },
    detail: 'the token the-viewer has the role viewer; this needs admin',
  });
  const unknown = await ask('get', '/v1/runs', 'hunter2hunter2hunter2');
  expect(unknown.headers.get('www-authenticate')).toBe('Bearer realm="portcullis"');
  expect(await unknown.text()).not.toContain('hunter2');
  expect(lines.join('')).not.toMatch(/0123456789-|hunter2/);
});

test('without any token no one is authenticated', async () => {
  const app = application(nothing as RouteContext, { ...door, tokens: [] }, '0', makeLogger('silent'));
  const closed = await listen(app, '127.0.0.1', 0);
  for (const authorization of ['', 'Bearer ', 'Bearer undefined'])
    expect((await fetch(`${closed.url}/v1/runs`, { headers: { authorization } })).status).toBe(401);
  await closed.close();
});
