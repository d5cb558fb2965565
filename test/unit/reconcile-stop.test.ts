import { expect, test } from 'vitest';
import type { Store } from '../../controlplane/store/store.ts';
import { embeddedDatabase } from './embedded-database.ts';
import { createWorld } from './reconcile-world.ts';

let store: Store;

embeddedDatabase((embedded) => {
  ({ store } = embedded);
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

test('an event that runs ahead of the listing waits for the listing; a person who names a stranger is told at once', async () => {
  const { world, run } = createWorld(store);
  const newcomer = '300000000009';
  const byPerson = await run({ scope: { accounts: [newcomer] } });
  expect(byPerson.message).toContain(newcomer);
  const listing = setTimeout(() => world.accounts.set(newcomer, 'ACTIVE'), 200);
  const byEvent = await run({
    scope: { accounts: [newcomer] },
    requestedBy: 'event CreateAccountResult e-1',
  });
  clearTimeout(listing);
  expect(byEvent.state).toBe('succeeded');
  expect(byEvent.stateOf(`account-${newcomer}`)).toBe('succeeded');
});

test('an account that cannot be reached does not hold up another', async () => {
  const { world, run } = createWorld(store);
  world.unreachable.add('300000000001');
  const done = await run();
  expect(done.state).toBe('failed');
  expect(done.stateOf('region-300000000002-eu-west-1')).toBe('succeeded');
});
