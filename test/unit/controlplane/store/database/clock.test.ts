import { randomUUID } from 'node:crypto';
import { afterEach, expect, vi } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../../controlplane/store/store.ts';
import { verifyCell } from '../../../../../controlplane/verify/cell.ts';
import { databaseEngine, databaseTest as test } from '../../../../worlds/database.ts';
import { createOffboardingWorld } from '../../../../worlds/offboarding.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';
import { until } from '../../../../worlds/until.ts';
import { cell, verifyWorld } from '../../../../worlds/verify.ts';

const id = '300000000001';
const hour = 3_600_000;
const later = (hours: number) => new Date(Date.now() + hours * hour);

const kind = databaseEngine();
let database: Database;
let store: Store;
test.beforeEach(async ({ database: given, store: opened }) => {
  database = given;
  store = opened;
}, 60_000);
afterEach(() => {
  vi.useRealTimers();
});

test('a listing of the future, which no correct clock has written, does not stay', async () => {
  const listed = (state: 'ACTIVE' | 'SUSPENDED') => [
    { ...{ id, name: id, state, path: '', joinedAt: undefined }, parents: ['r-root'], unitNames: [] },
  ];
  await store.accounts.seen(listed('ACTIVE'), later(1));
  await store.accounts.seen(listed('SUSPENDED'), await store.now());
  expect(await store.accounts.get(id)).toMatchObject({ state: 'SUSPENDED' });
  await store.accounts.seen(listed('ACTIVE'), later(1));
  await store.accounts.seen([], await store.now());
  expect(await store.accounts.get(id)).toMatchObject({ state: 'DEPARTED' });
});

test('a person may confirm until the time is up in the database, at any time of the worker', async () => {
  const at = createOffboardingWorld(database);
  await at.onboard(id, 'eu-west-1');
  await at.list({ exclude: [id], deleteLimit: 1 }, 0);
  const [asked] = await store.confirmations.list();
  at.state.now = later(100);
  await at.plane({}, { store }).confirm(asked?.id ?? '', asked?.digest ?? '', 'ops');
  const [row] = await database.query<{ late: boolean }>(
    'select bool_or(cleared_at > now()) as late from offboarding',
  );
  expect(row).toEqual({ late: false });
});

test('a canary is waited for as long by a worker whose clock is hours ahead', async ({ skip }) => {
  if (kind === 'pglite') skip('PGlite has the clock of its process');
  const world = verifyWorld(database);
  world.state.hears = { calls: false, events: false };
  Object.assign(world.parts.settings, { verifyWaitMinutes: 1 });
  await database.query(
    `insert into stack (key, kind, account_id, region, generation, updated_at)
     values ('region-300000000001-eu-west-1', 'region', $1, $2, 'g', now())`,
    [cell.accountId, cell.region],
  );
  const verification = randomUUID();
  await store.cellVerifications.request({ id: verification, scope: {}, requestedBy: 'a test' }, [cell]);
  const canary = await store.cellVerifications.claim(verification, 'a');
  if (!canary) throw new Error('nothing to claim');
  vi.useFakeTimers({ toFake: ['Date'], now: later(3) });
  const ending = verifyCell(world.parts, canary);
  const opened = () => [...world.state.groups.values()].find(({ open }) => open);
  await until(async () => opened() !== undefined);
  const looked = () => world.state.calls.at(-1) === 'AuthorizeSecurityGroupIngressCommand';
  await new Promise((done) => setTimeout(done, 300));
  expect(looked()).toBe(true);
  const group = opened();
  if (group) group.open = false;
  const at = new Date().toISOString();
  await store.cellVerifications.received(
    remediation({
      ...{ account: cell.accountId, region: cell.region, groupId: group?.id ?? '', canary: canary.id },
      findings: [finding()],
      timeline: { eventTime: null, receivedAt: at, revokedAt: at },
    }),
  );
  expect(await ending).toMatchObject({ state: 'verified', kind: 'end-to-end' });
});
