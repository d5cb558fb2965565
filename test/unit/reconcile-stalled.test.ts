import { expect, test } from 'vitest';
import type { Database } from '../../controlplane/store/database.ts';
import type { Store } from '../../controlplane/store/store.ts';
import { embeddedDatabase } from './embedded-database.ts';
import { createWorld, one } from './reconcile-world.ts';

let database: Database;
let store: Store;

embeddedDatabase((embedded) => {
  ({ database, store } = embedded);
});

test('a stack that was just given up has its next look by the clock', async () => {
  const { world, run, queue } = createWorld(store, database);
  const key = `account-${one}`;
  world.broken.add(key);
  for (let times = 0; times < 5; times += 1) await run({ scope: { accounts: [one] } });
  expect((await store.stacks.get(key))?.conditions.Stalled?.status).toBe('True');
  expect(queue.waiting()).toContain(key);
});
