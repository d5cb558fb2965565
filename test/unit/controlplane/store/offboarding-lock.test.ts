import { expect } from 'vitest';
import { databaseEngine, databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld } from '../../../worlds/offboarding.ts';

const id = '300000000001';
const key = `account-${id}`;

test('a stack that ends while a listing is considered does not wait for it', async ({
  database,
  store,
  skip,
}) => {
  if (databaseEngine() === 'pglite') skip('PGlite has one connection: nothing goes beside a transaction');
  const at = createOffboardingWorld(database);
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
