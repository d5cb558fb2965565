import { expect } from 'vitest';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseEngine, databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld } from '../../../worlds/offboarding.ts';

const id = '300000000001';
const key = `account-${id}`;

let store: Store;
let at: ReturnType<typeof createOffboardingWorld>;
test.beforeEach(async ({ database }) => {
  store = openStore(database);
  at = createOffboardingWorld(database);
}, 60_000);

test('a stack that ends while a listing is considered does not wait for it', async ({ skip }) => {
  if (databaseEngine() === 'pglite') skip('PGlite has one connection: nothing goes beside a transaction');
  await at.onboard(id);
  await at.list({ exclude: [id], shrinkPercent: 100 });
  const offboarding = await store.offboarding.get(key);
  if (!offboarding) throw new Error('nothing departs');
  const lease = await at.lease(key);
  await store.offboarding.alone(() =>
    store.offboarding.finish(offboarding, { what: 'destroy', at: new Date() }, lease),
  );
  expect((await store.offboarding.get(key))?.doneAt).toBeInstanceOf(Date);
  expect(await at.stacks()).toEqual([]);
});
