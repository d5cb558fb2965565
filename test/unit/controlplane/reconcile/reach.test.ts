import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { hub, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { type ReconcileWorld, reconcileWorld } from './scene.ts';

let { store, world, run, queue, parts } = {} as ReconcileWorld;
test.beforeEach(({ given }) => {
  ({ store, world, run, queue, parts } = reconcileWorld(given));
});

const account = async (id: string) => (await store.accounts.get(id))?.conditions ?? {};

describe('a run over accounts that cannot all be reached', () => {
  test('fails for an account that cannot be reached, and names the role', async () => {
    world.unreachable.add(one);
    const done = await run();
    expect(done).toMatchObject({ state: 'failed', message: '1 could not be reached' });
    expect(done.stateOf(`account-${one}`)).toBe('unreachable');
    expect((await account(one)).Ready).toMatchObject({
      status: 'False',
      reason: 'NotReachable',
      message: expect.stringContaining(`role/Access`),
    });
    expect(done.stateOf(`account-${two}`)).toBe('succeeded');
  });

  test('sets coverage to unknown for an account that denies access, and keeps its Regions', async () => {
    await run();
    const before = await store.accounts.get(one);
    world.unreachable.add(one);
    await run({ scope: { accounts: [one] } });
    const after = await store.accounts.get(one);
    expect(after?.conditions.TrailsCovered).toMatchObject({ status: 'Unknown', reason: 'NotReachable' });
    expect(after?.conditions.Ready).toMatchObject({ status: 'False', reason: 'NotReachable' });
    expect(after?.regions.map(({ region, trail }) => [region, trail.covered])).toEqual(
      before?.regions.map(({ region }) => [region, 'unknown']),
    );
  });

  test('goes on, limits or not, where most of what has ended could not be reached', async () => {
    for (const id of [hub, one]) world.unreachable.add(id);
    const done = await run({ rollout: { waves: [`${hub}+${one}`], maxFailures: 0, maxFailurePercent: 0 } });
    expect(done).toMatchObject({ state: 'failed', message: '2 could not be reached' });
    expect(done.stateOf(`account-${two}`)).toBe('succeeded');
  });

  test.each([
    ['no credentials of its own', Object.assign(new Error('none'), { name: 'CredentialsProviderError' })],
    ['a connection that was cut', new Error('read ECONNRESET')],
  ])('inspects an account again after %s, and leaves its Ready condition', async (_, error) => {
    await run();
    const before = (await account(one)).Ready;
    parts.attempts = { counted: 1, transient: 3 };
    world.transientFailures.set(one, [error, error]);
    const key = `account-${one}`;
    let over = false;
    const done = run({ scope: { accounts: [one] } }).finally(() => {
      over = true;
    });
    // Its own pause is seconds.
    await until(async () => {
      const [request] = await store.runStacks.requests(key);
      if (request?.attempts) await queue.enqueue([key]);
      return over;
    });
    expect((await done).stacks.find((each) => each.key === key)).toMatchObject({
      state: 'unchanged',
      attempts: 2,
    });
    expect((await account(one)).Ready).toEqual(before);
  });

  test('fails for an account after too many transient failures, and leaves its Ready condition', async () => {
    await run();
    const before = (await account(one)).Ready;
    world.transientFailures.set(one, [new Error('socket hang up')]);
    const done = await run({ scope: { accounts: [one] } });
    expect(done.stateOf(`account-${one}`)).toBe('failed');
    expect((await account(one)).Ready).toEqual(before);
  });
});
