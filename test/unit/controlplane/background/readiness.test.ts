import { expect } from 'vitest';
import { readiness } from '../../../../controlplane/background/readiness.ts';
import { scopeFact } from '../../../../controlplane/offboarding/scope.ts';
import { organizationFact, unreadFact } from '../../../../controlplane/reconcile/organization.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

let store: Store;
test.beforeEach(({ given: embedded }) => {
  ({ store } = embedded);
});

const settings = { regions: undefined, organizationalUnits: undefined, exclude: ['ou-root-gone'] };
const notReady = (since: Date | undefined, of: Pick<Store, 'facts' | 'now'> = store) =>
  readiness({ store: of, settings, log: makeLogger('silent'), since })();

test('a service is not ready before the organization was read since its start, and says why it cannot be', async () => {
  await store.facts.set(organizationFact, { id: 'o-1' });
  const since = await store.now();
  expect(await notReady(since)).toBe('the organization has not been read since the start');
  await store.facts.set(unreadFact, 'AWS Organizations cannot be read: AccessDenied');
  expect(await notReady(since)).toMatch(/cannot be read: AccessDenied; nothing is taken away until it is/);
  await store.facts.set(organizationFact, { id: 'o-1' });
  expect(await notReady(since)).toBeUndefined();
});

test('a command that runs once does not wait for the organization', async () => {
  expect(await notReady(undefined)).toBeUndefined();
});

test('a service whose settings name what does not exist is not ready, and names the scope that is kept', async () => {
  const confirmed = { regions: ['eu-west-1'], organizationalUnits: null, exclude: [] };
  const record = { confirmed, others: [], considered: confirmed };
  await store.facts.set(scopeFact, { ...record, wrong: 'PORTCULLIS_EXCLUDE names ou-root-gone' });
  expect(await notReady(undefined)).toMatch(/^PORTCULLIS_EXCLUDE names ou-root-gone; .*Regions eu-west-1/);
  await store.facts.set(scopeFact, { ...record, wrong: null });
  expect(await notReady(undefined)).toBeUndefined();
});

test('a service whose database does not answer is not ready', async () => {
  const dead = { ...store, now: async () => Promise.reject(new Error('ECONNREFUSED')) };
  expect(await notReady(undefined, dead)).toBe('the database does not answer');
});
