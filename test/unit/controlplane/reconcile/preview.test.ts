import { describe, expect } from 'vitest';
import { advanceRun } from '../../../../controlplane/runs/advance.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { deletedRule, one } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { type ReconcileWorld, reconcileWorld } from './scene.ts';

let { database, store, world, run, working, queue, parts } = {} as ReconcileWorld;
test.beforeEach(({ given }) => {
  ({ database, store, world, run, working, queue, parts } = reconcileWorld(given));
});

/** The result of a preview of one account when something else happens while its key waits for a worker. */
async function previewWhile(key: string, happens: () => Promise<void>, done: () => boolean) {
  world.operations.length = 0;
  const scope = { accounts: [one] };
  const asked = { kind: 'preview', scope, onlyChanged: false, requestedBy: 'a test' } as const;
  const { run: preview } = await store.runs.createUnlessWaiting(asked);
  const advancing = advanceRun(parts, preview.id, world.stopping.signal);
  const admitted = async () => (await store.runStacks.state(preview.id, key)) === 'admitted';
  if (key === 'hub') await until(admitted);
  else {
    // No other key is taken: the enqueue happens while the preview's own still waits.
    await until(async () => (await store.runStacks.state(preview.id, 'hub')) === 'admitted');
    await store.runStacks.end(preview.id, 'hub', { state: 'unchanged' });
    queue.clear();
    await until(admitted);
  }
  await happens();
  await working(async () => {
    await advancing;
    await until(done);
  });
  return (await store.runs.get(preview.id))?.state;
}
const did = (operation: string) => () => world.operations.includes(operation);

describe('an enqueue while a preview of the key waits', () => {
  test('has the hub made as it is to be, and the preview says what that would be', async () => {
    await run();
    queue.clear();
    world.programVersion = '2';
    const state = await previewWhile('hub', () => queue.enqueue(['hub']), did('up hub'));
    expect(state).toBe('succeeded');
    expect(did('preview hub')()).toBe(true);
  });

  test('has a Region made that was opted in', async () => {
    await run();
    queue.clear();
    world.regions.push('ap-south-1');
    const made = did(`up region-${one}-ap-south-1`);
    await previewWhile(`account-${one}`, () => queue.enqueue([`account-${one}`]), made);
    expect(did(`preview account-${one}`)()).toBe(true);
  });

  test('has a stack made that was never made', async () => {
    await run({ scope: { accounts: [one] } });
    await database.query(`delete from stack where key = 'account-${one}'`);
    queue.clear();
    const made = did(`up account-${one}`);
    await previewWhile(`account-${one}`, () => queue.enqueue([`account-${one}`]), made);
  });
});

describe('a preview that nothing else came with', () => {
  test('makes nothing of what is to change, was never made, or had drifted before', async () => {
    await run({ scope: { accounts: [one] } });
    world.drift.set(`region-${one}-us-east-1`, [deletedRule]);
    await run({ kind: 'preview' });
    queue.clear();
    world.operations.length = 0;
    world.programVersion = '2';
    await run({ kind: 'preview' });
    await run({ kind: 'preview' });
    expect(world.operations.filter((operation) => !operation.startsWith('preview '))).toEqual([]);
    expect(queue.waiting()).toEqual([]);
  });

  test('leaves a delayed reconcile where it is', async () => {
    await run();
    queue.clear();
    world.programVersion = '2';
    await queue.enqueueAfter([{ key: 'hub', afterMs: 3_600_000 }]);
    await run({ kind: 'preview', scope: { accounts: [one] } });
    expect(queue.waiting()).toEqual(['hub']);
    expect((await queue.fetch(1)).map(({ key }) => key)).toEqual([]);
  });
});
