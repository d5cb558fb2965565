import { afterEach, describe, expect, vi } from 'vitest';
import { createOffboarding } from '../../../../controlplane/offboarding/offboarding.ts';
import { reconcileOrganization } from '../../../../controlplane/reconcile/organization.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { findingId } from '../../../../controlplane/store/findings/identity.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { cell, observed, reading } from '../../../worlds/finding-sample.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { type createWorld, hub, management, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { runScene } from './scene.ts';

const three = '300000000003';

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
const { list, carryOut, ready } = runScene((scene) => {
  ({ database, store, made } = scene);
});

const askedFor = () =>
  made.requested.map(({ requestedBy, scope }) => [requestedBy.split(' ')[0], scope.accounts ?? 'all']);
describe('a reconcile of the organization', () => {
  test('that cannot read it backs off longer each time, until one can', async () => {
    const runs = { request: async () => expect.fail('nothing was read') };
    const refused = async () => {
      throw new Error('AccessDeniedException: no');
    };
    const reconcileWith = (aws: typeof made.aws) =>
      asHolder(database, 'organization', (lease) =>
        reconcileOrganization({ ...made.parts, aws, runs, offboarding: undefined }, lease),
      );
    const unreadable = { ...made.aws, organizations: refused };
    made.world.accounts.clear();
    for (const id of [management, hub]) made.world.accounts.set(id, 'SUSPENDED');
    for (const failures of [1, 2, 3])
      expect(await reconcileWith(unreadable)).toMatchObject({ kind: 'error', failures });
    made.world.accounts.set(hub, 'ACTIVE');
    await store.runs.createUnlessWaiting({
      ...{ scope: { accounts: [hub] }, onlyChanged: true, requestedBy: 'onboarding' },
      kind: 'reconcile',
    });
    expect(await reconcileWith(made.aws)).toMatchObject({ kind: 'ok' });
    expect(await reconcileWith(unreadable)).toMatchObject({ failures: 1 });
  });

  test('onboards new accounts by one run, for any number of reconciles before that run ended', async () => {
    await list(2);
    expect(askedFor()).toEqual([['onboarding', [management, hub, one, two]]]);
    const [run] = await store.runs.unfinished();
    await store.runs.start(run?.id ?? '');
    await list();
    expect((await store.runs.page({}, { limit: 10 })).items).toHaveLength(1);
    await carryOut();
    await list();
    expect(made.requested).toHaveLength(1);
  });

  test('onboards an account that joined during another onboarding, alone', async () => {
    await list();
    made.world.accounts.set(three, 'ACTIVE');
    await list();
    expect(askedFor().at(-1)).toEqual(['onboarding', [three]]);
    await carryOut();
    expect(await ready(three)).toMatchObject({ status: 'True', message: '3 stacks' });
  });

  test('leaves an account without its role to its own backoff', async () => {
    made.world.unreachable.add(one);
    await list();
    await carryOut();
    expect(await ready(one)).toMatchObject({ status: 'False', reason: 'NotReachable' });
    await list(2);
    expect(made.requested).toHaveLength(1);
    made.world.unreachable.delete(one);
    expect(made.queue.waiting()).toContain(`account-${one}`);
    await made.working(async () => {
      await made.queue.enqueue([`account-${one}`]);
      await until(async () => (await ready(one))?.status === 'True');
    });
  });

  test('resolves what is open in an account that left, once it has no stack', async () => {
    const id = findingId({ ...observed(), ...cell, accountId: two });
    const state = async () => (await store.findings.get(id))?.state;
    await list();
    await store.findings.recordCell(reading(1, [observed()], { accountId: two }));
    await list();
    expect(await state()).toBe('open');
    made.world.accounts.delete(two);
    await list();
    expect(await state()).toBe('resolved');
  });

  describe('by a worker whose clock is an hour ahead', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    test("uses the database's time, so that the next listing by another worker counts", async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
      await list();
      const [seen] = await database.query<{ age: number }>(
        'select extract(epoch from now() - max(seen_at))::float8 as age from account',
      );
      expect(seen?.age).toBeGreaterThanOrEqual(0);
      vi.useRealTimers();
      await database.query('truncate lease'); // PGlite has the clock of its process
      made.world.accounts.set(two, 'SUSPENDED');
      await list();
      expect(await store.accounts.get(two)).toMatchObject({ state: 'SUSPENDED' });
    });
  });

  test('finds an account again that was suspended before it allowed access, and reinstated', async () => {
    const key = `account-${one}`;
    const { parts, queue } = made;
    Object.assign(parts, {
      offboarding: createOffboarding({ ...parts, enqueue: (keys) => queue.enqueue(keys) }),
    });
    made.world.unreachable.add(one);
    await list();
    await carryOut();
    expect(await ready(one)).toMatchObject({ reason: 'NotReachable' });
    made.world.accounts.set(one, 'SUSPENDED');
    await list();
    await made.working(async () => {
      await queue.enqueue([key]);
      await until(async () => !queue.waiting().includes(key));
    });
    expect(queue.waiting()).not.toContain(key);
    made.world.accounts.set(one, 'ACTIVE');
    await list();
    expect(queue.waiting()).toContain(key);
  });

  test('starts no onboarding while one is paused by its failures', async () => {
    await list();
    const [run] = await store.runs.unfinished();
    await store.runs.pause(run?.id ?? '', '1 stacks failed');
    made.world.accounts.set(three, 'ACTIVE');
    await list();
    expect(made.requested).toHaveLength(1);
  });
});

test('a policy that cannot be read fails only the hub: accounts use the existing hub', async () => {
  await list();
  await carryOut();
  const good = made.world.hubBundle;
  made.world.hubBundle = async () => {
    throw new Error('policy.yaml: rules[0].action is missing');
  };
  made.world.accounts.set(three, 'ACTIVE');
  await list();
  await carryOut();
  expect(await ready(three)).toMatchObject({ status: 'True' });
  expect((await store.stacks.get('hub'))?.conditions.Ready).toMatchObject({
    status: 'False',
    reason: 'PrerequisiteFailed',
  });
  made.world.hubBundle = good;
  await made.working(async () => {
    await made.queue.enqueue(['hub']);
    await until(async () => (await store.stacks.get('hub'))?.conditions.Ready?.status === 'True');
  });
});
