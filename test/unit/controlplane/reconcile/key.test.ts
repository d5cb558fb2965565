import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { deletedRule, hub, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { type ReconcileWorld, reconcileWorld } from './scene.ts';

let { database, store, world, run, working, verdicts, queue } = {} as ReconcileWorld;
test.beforeEach(({ given }) => {
  ({ database, store, world, run, working, verdicts, queue } = reconcileWorld(given));
});

const ready = async (key: string) => (await store.stacks.get(key))?.conditions.Ready?.status;
const account = async (id: string) => (await store.accounts.get(id))?.conditions ?? {};

describe('a run over the whole organization', () => {
  test('makes the hub before any account, and an account before its Regions', async () => {
    const done = await run();
    expect(done).toMatchObject({ state: 'succeeded', message: null });
    expect(done.keys).toHaveLength(1 + 4 * 3);
    expect(done.keys.every((each) => each.endsWith(' succeeded'))).toBe(true);
    const at = (key: string) => world.operations.indexOf(`up ${key}`);
    expect(at('hub')).toBe(0);
    expect(at(`account-${one}`)).toBeLessThan(at(`region-${one}-eu-west-1`));
    expect((await account(one)).Ready).toMatchObject({ status: 'True', message: '3 stacks' });
  });

  test('a Region that an account no longer has is reconciled with the account', async () => {
    await run();
    const key = `region-${one}-eu-west-1`;
    const before = verdicts.get(key);
    world.regions = ['us-east-1'];
    await working(async () => {
      await queue.enqueue([`account-${one}`]);
      await until(() => verdicts.get(key) !== before, 10_000);
    });
  });

  test("has an account's Regions before the account ends, so that it does not end too early", async () => {
    const { end } = store.runStacks;
    const known: number[] = [];
    const watched: typeof end = async (id, key, ...rest) => {
      await end(id, key, ...rest);
      if (!key.startsWith('account-')) return;
      const stacks = await store.runStacks.of(id);
      known.push(stacks.filter((stack) => stack.key.startsWith(key.replace('account', 'region'))).length);
    };
    Object.assign(store.runStacks, { end: watched });
    try {
      await run();
    } finally {
      Object.assign(store.runStacks, { end });
    }
    expect(known).toEqual([2, 2, 2, 2]);
  });

  test('stops at the hub when that fails: the rest is skipped, with the reason', async () => {
    world.broken.add('hub');
    const done = await run();
    expect(done).toMatchObject({ state: 'failed', message: '1 failed' });
    expect(world.operations).toEqual(['up hub']);
    expect(done.stateOf('hub')).toBe('failed');
    const rest = done.stacks.filter(({ key }) => key !== 'hub');
    expect(rest).toHaveLength(4);
    for (const stack of rest)
      expect(stack).toMatchObject({ state: 'skipped', message: 'the hub stack failed' });
  });

  test("goes on with the others when one account's stack fails", async () => {
    world.broken.add(`account-${one}`);
    const done = await run();
    expect(done).toMatchObject({ state: 'failed', message: '1 failed' });
    expect(done.stateOf(`region-${one}-us-east-1`)).toBe('skipped');
    expect(done.stateOf(`region-${two}-us-east-1`)).toBe('succeeded');
    expect((await account(one)).Ready).toMatchObject({ status: 'False', reason: 'Failed' });
    expect((await account(two)).Ready).toMatchObject({ status: 'True' });
  });

  test('goes on with the others when one Region fails, and marks its account', async () => {
    world.broken.add(`region-${one}-eu-west-1`);
    const done = await run();
    expect(done.stateOf(`region-${one}-us-east-1`)).toBe('succeeded');
    expect((await store.stacks.get(`region-${one}-eu-west-1`))?.conditions.Ready).toMatchObject({
      status: 'False',
      message: `region-${one}-eu-west-1: it broke`,
    });
    expect((await account(one)).Ready).toMatchObject({ status: 'False' });
  });

  test.each(['SUSPENDED', 'PENDING_CLOSURE', 'SOMETHING_NEW'])(
    'skips an account that is %s, and reports it',
    async (state) => {
      world.accounts.set(one, state);
      const done = await run();
      expect(done.state).toBe('succeeded');
      expect(done.stateOf(`account-${one}`)).toBe('skipped');
      expect(world.operations.filter((operation) => operation.includes(one))).toEqual([]);
      expect((await account(one)).Ready).toMatchObject({ status: 'False', reason: 'NotActive' });
    },
  );

  test('fails when the hub account is not active, and touches nothing', async () => {
    world.accounts.set(hub, 'SUSPENDED');
    const done = await run();
    expect(done).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('PORTCULLIS_HUB_ACCOUNT'),
    });
    expect(world.operations).toEqual([]);
  });
});

describe('a narrower run', () => {
  test('of one account leaves the other accounts and a ready hub alone', async () => {
    await run();
    world.operations.length = 0;
    const done = await run({ scope: { accounts: [two] } });
    expect(world.operations.every((operation) => operation.includes(two))).toBe(true);
    expect(done.stateOf('hub')).toBe('unchanged');
  });

  test('of an account that does not exist fails and changes nothing', async () => {
    const done = await run({ scope: { accounts: ['999999999999'] } });
    expect(done).toMatchObject({ state: 'failed', message: expect.stringContaining('999999999999') });
    expect(world.operations).toEqual([]);
  });

  test('of a Region that no account has enabled fails', async () => {
    const done = await run({ scope: { regions: ['eu-west-9'] } });
    expect(done).toMatchObject({ state: 'failed', message: expect.stringContaining('eu-west-9') });
  });

  test('of one Region does not make an account ready whose other Region is not', async () => {
    world.broken.add(`region-${one}-eu-west-1`);
    await run();
    const done = await run({ scope: { regions: ['us-east-1'] } });
    expect(done.keys).not.toContain(`region-${one}-eu-west-1 failed`);
    expect((await account(one)).Ready).toMatchObject({ status: 'False' });
    expect((await account(two)).Ready).toMatchObject({ status: 'True' });
  });
});

describe('a run over what changed', () => {
  test('leaves ready stacks of the wanted generation alone', async () => {
    await run();
    world.operations.length = 0;
    const done = await run({ onlyChanged: true });
    expect(world.operations).toEqual([]);
    expect(done.keys.every((each) => each.endsWith(' unchanged'))).toBe(true);
  });

  test('repeats what failed and what drifted', async () => {
    world.broken.add(`region-${one}-eu-west-1`);
    await run();
    world.broken.clear();
    world.drift.set(`region-${two}-us-east-1`, [deletedRule]);
    await run({ kind: 'preview' });
    world.operations.length = 0;
    await run({ onlyChanged: true });
    expect(world.operations.sort()).toEqual([`up region-${one}-eu-west-1`, `up region-${two}-us-east-1`]);
    expect((await store.stacks.get(`region-${two}-us-east-1`))?.conditions.Drifted?.status).toBe('False');
  });

  test('makes every stack again for other programs', async () => {
    await run();
    world.operations.length = 0;
    world.programVersion = '2';
    await run({ onlyChanged: true });
    expect(world.operations).toHaveLength(1 + 4 * 3);
  });
});

describe('a preview', () => {
  test('says what would be made, makes nothing, and leaves Ready alone', async () => {
    const done = await run({ kind: 'preview' });
    expect(done.state).toBe('succeeded');
    expect(done.stacks[0]).toMatchObject({
      key: 'hub',
      state: 'succeeded',
      changes: [{ operation: 'create' }],
    });
    expect(world.made).toEqual(new Set());
    expect(await ready('hub')).toBeUndefined();
    expect((await account(one)).Ready).toBeUndefined();
  });

  test('names drift and marks it, while the stack stays ready', async () => {
    await run();
    world.drift.set(`region-${one}-eu-west-1`, [deletedRule]);
    const done = await run({ kind: 'preview' });
    expect(done.stateOf(`region-${one}-eu-west-1`)).toBe('succeeded');
    expect(done.stateOf(`region-${two}-eu-west-1`)).toBe('unchanged');
    const { conditions } = (await store.stacks.get(`region-${one}-eu-west-1`)) ?? {};
    expect(conditions?.Drifted).toMatchObject({
      status: 'True',
      message: `drift: deleted ${deletedRule.type} r`,
    });
    expect(conditions?.Ready?.status).toBe('True');
  });

  test('that fails, or cannot reach an account, leaves Ready alone', async () => {
    await run();
    world.broken.add(`region-${one}-eu-west-1`);
    world.unreachable.add(two);
    expect((await run({ kind: 'preview' })).state).toBe('failed');
    expect(await ready(`region-${one}-eu-west-1`)).toBe('True');
    expect((await account(one)).Ready?.status).toBe('True');
    expect((await account(two)).Ready?.status).toBe('True');
  });
});

describe('a stack', () => {
  test('whose operation was cut short is recovered before the next one', async () => {
    await run();
    await asHolder(database, `account-${one}`, (lease) => store.stacks.begin(lease.key, {}, lease));
    world.operations.length = 0;
    await run({ onlyChanged: true });
    expect(world.operations).toEqual([`recover and up account-${one}`]);
    expect((await store.stacks.get(`account-${one}`))?.operationStartedAt).toBeNull();
  });

  test('is known to be under way while it is', async () => {
    let seen: unknown;
    world.before = async (key) => {
      if (key === 'hub') seen = await store.stacks.get('hub');
    };
    await run();
    expect(seen).toMatchObject({
      operationStartedAt: expect.any(Date),
      conditions: { Reconciling: { status: 'True' } },
    });
    expect((await store.stacks.get('hub'))?.conditions.Reconciling?.status).toBe('False');
  });
});

test('with a hub of another installation nothing is reconciled, and the run says why', async () => {
  world.refusal = 'the hub belongs to installation another';
  const done = await run();
  expect(done.state).toBe('failed');
  expect(done.stacks.map(({ message }) => message)).toContain(world.refusal);
  expect(world.operations).toEqual([]);
});
