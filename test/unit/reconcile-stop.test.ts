import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../controlplane/store/database.ts';
import { openStore, type Store } from '../../controlplane/store/store.ts';
import { createWorld } from './reconcile-world.ts';

let data: string;
let database: Database;
let store: Store;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'portcullis-stop-'));
  database = await openDatabase({ databaseUrl: undefined, data }, (error) => {
    throw error;
  });
  store = openStore(database);
}, 60_000);
afterAll(async () => {
  await database.close();
  await rm(data, { recursive: true });
});

test('a run told to stop ends the stacks under way, begins no other, and is left for the next start', async () => {
  const { world, run } = createWorld(store);
  const ended = new Set<string>();
  world.before = async (key) => {
    if (key === 'hub') return;
    world.stopping.abort();
    await new Promise((done) => setTimeout(done, key.endsWith('1') ? 50 : 300));
    ended.add(`up ${key}`);
  };
  const done = await run();
  expect(done.state).toBe('running');
  const begun = world.operations.filter((operation) => operation !== 'up hub');
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.filter((operation) => operation.includes('region-'))).toEqual([]);
  expect([...ended].sort()).toEqual(begun.sort());
  for (const { key, operationStartedAt } of await store.stacks.list())
    expect(operationStartedAt, key).toBeNull();
});
