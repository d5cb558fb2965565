import { randomUUID } from 'node:crypto';
import { afterAll, expect } from 'vitest';
import { problemSchema } from '../../../../controlplane/http/problem.ts';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { routes } from '../../../../controlplane/http/routes/table.ts';
import { application, type DoorSettings, listen } from '../../../../controlplane/http/server.ts';
import {
  createOffboarding,
  type OffboardingContext,
} from '../../../../controlplane/offboarding/offboarding.ts';
import { regionNames } from '../../../../controlplane/organization/region-names.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import type { Role } from '../../../../controlplane/settings/tokens.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { accountsOf } from '../../../../controlplane/sweep/fleet/scope.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { cellsOf } from '../../../../controlplane/verify/cells.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { databaseTest, type FileDatabase } from '../../../worlds/database.ts';

export const token = '0123456789abcdef';

const policyOfTheFile = parsePolicy(`version: 1
rules: [{ name: all, match: {}, mode: revoke }]
exceptions:
  - { name: written, owner: o, why: w, ticket: t, where: { include: [{ groupIds: [sg-1] }] }, allow: { sources: { cidrs: [0.0.0.0/0] }, protocols: [all] }, expires: "2020-01-01T00:00:00Z" }`);

const unasked = async () => Promise.reject(new Error('asked for something else'));

/** Settings with one token, of a caller named ops. */
export const doorOf = (of: string, role: Role = 'admin', requestsPerMinute = 100_000): DoorSettings => ({
  ...{ tokens: [{ name: 'ops', role, token: of }], allowedHosts: [], requestsPerMinute },
});

/** Fails where a JSON answer is not what the route table says of it, or has a field that the route table does not name. */
function expectDocumented(method: string, path: string, status: number, answer: unknown): void {
  const found = routes.find(
    (route) =>
      route.method === method &&
      new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path.split('?')[0] ?? ''),
  );
  const schema = status < 400 ? found?.returns : (found?.alsoReturns?.[status] ?? problemSchema);
  const parsed = schema?.safeParse(answer);
  expect(parsed?.error?.issues ?? [], `${method} ${path} answers ${status}`).toEqual([]);
  if (parsed) expect(answer, `${method} ${path} answers ${status}`).toEqual(parsed.data);
}

/** The service over a database of its own, for the tests of one file: runs and restores are recorded, not carried out. */
export function httpWorld() {
  let server: Awaited<ReturnType<typeof listen>> | undefined;
  const world = {
    store: {} as Store,
    policy: async () => policyOfTheFile,
    metrics: async () => '',
    url: '',
    /** Keys that were asked to be reconciled. */
    woken: [] as string[],
    /** The answer to a caller named ops: GET, or POST of a body. */
    async ask(path: string, body?: object) {
      const response = await fetch(world.url + path, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer = JSON.parse(await response.text());
      expectDocumented(body ? 'post' : 'get', path, response.status, answer);
      const { code, detail: message } = answer;
      return {
        status: response.status,
        body: answer,
        code,
        message,
        location: response.headers.get('location') ?? '',
      };
    },
  };
  const regions = regionNames({
    aws: { ec2: async () => ({ send: async () => ({ Regions: [{ RegionName: 'eu-west-9' }] }) }) as never },
    settings: {
      ...{ hub: { accountId: '222222222222', region: 'eu-west-1' }, regions: undefined },
      controlTowerRegion: undefined,
    },
    facts: { get: async () => undefined, set: async () => undefined },
  });
  const contextOf = ({ store }: Pick<FileDatabase, 'store'>): RouteContext => ({
    ...{ store, layout: 'region' },
    queue: {
      request: async (asked) => (await store.runs.createUnlessWaiting(asked)).run,
      ...{ pause: unasked, resume: unasked, cancel: unasked },
    },
    restores: {
      async request(restore) {
        await store.restores.create(restore);
        const recorded = await store.restores.get(restore.id);
        if (!recorded) throw new Error('not recorded');
        return recorded;
      },
    },
    offboarding: createOffboarding({
      ...{ store, log: makeLogger('silent'), enqueue: async (keys) => void world.woken.push(...keys) },
      ...({} as Pick<OffboardingContext, 'engine' | 'aws' | 'settings' | 'meter'>),
    }),
    installation: {
      refusal: async () => undefined,
      takeOver: async () => ({ id: 'this-one', before: 'another' }),
    },
    verifier: {
      async request(scope, requestedBy) {
        const id = randomUUID();
        await store.cellVerifications.request(
          { id, scope, requestedBy },
          cellsOf(await store.accounts.list(), scope),
        );
        const recorded = await store.cellVerifications.get(id);
        if (!recorded) throw new Error('not recorded');
        return recorded;
      },
    },
    sweeper: {
      async request(scope, requestedBy) {
        const id = randomUUID();
        const asked = { id, scope, requestedBy, policyDigest: 'p', spreadSeconds: 0 };
        await store.sweeps.request(asked, accountsOf(await store.accounts.list(), scope));
        return (await store.sweeps.get(id)) ?? unasked();
      },
      async cancel(id, who) {
        if (!(await store.sweeps.get(id))) throw new PortcullisError('not-found', 'no such sweep');
        if (!(await store.sweeps.cancel(id, who))) throw new PortcullisError('conflict', 'it has ended');
        return (await store.sweeps.get(id)) ?? unasked();
      },
    },
    assertInstalled: store.uninstall.assertInstalled,
    policy: () => world.policy(),
    requireRegions: regions.requireScope,
    missing: async () => [],
    metrics: () => world.metrics(),
    accessTemplate: async () => 'AWSTemplateFormatVersion: "2010-09-09"\n',
  });
  databaseTest.beforeAll(async ({ opened }) => {
    if (!opened) return;
    world.store = opened.store;
    const app = application(contextOf(opened), doorOf(token), '0', makeLogger('silent'));
    server = await listen(app, '127.0.0.1', 0);
    world.url = server.url;
  });
  afterAll(() => server?.close());
  databaseTest.beforeEach(async ({ kept }) => {
    await kept.database.query('truncate run, run_stack, run_count, restore, restore_rule, exception');
    world.policy = async () => policyOfTheFile;
  });
  return world;
}
