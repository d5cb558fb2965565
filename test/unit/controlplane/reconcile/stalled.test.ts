import { expect } from 'vitest';
import { createOffboarding } from '../../../../controlplane/offboarding/offboarding.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, one, two } from '../../../worlds/reconcile.ts';

let database: Database;
let store: Store;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});

test('a stack that was given up is reconciled next by the resync', async () => {
  const { world, run, queue } = createWorld(store, database);
  const key = `account-${one}`;
  world.broken.add(key);
  for (let times = 0; times < 5; times += 1) await run({ scope: { accounts: [one] } });
  expect((await store.stacks.get(key))?.conditions.Stalled?.status).toBe('True');
  expect(queue.waiting()).toContain(key);
});

test('an offboarding that was given up is tried again by a run that its account is in', async () => {
  const { run, parts, settings, queue } = createWorld(store, database);
  const key = `account-${two}`;
  await run({ scope: { accounts: [two] } });
  await database.query(
    `update stack set failures = 5, failed_generation = 'offboarding destroy' where key = $1`,
    [key],
  );
  const scope = { settings: { ...settings, exclude: [two] }, enqueue: queue.enqueue };
  Object.assign(parts, { offboarding: createOffboarding({ ...parts, ...scope }) });
  await run({ scope: { accounts: [one] } });
  expect(await store.stacks.get(key)).toMatchObject({ failures: 5 });
  await run({ scope: { accounts: [two] } });
  expect(await store.stacks.get(key)).toMatchObject({ failures: 0 });
});
