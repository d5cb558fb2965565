import { afterEach, describe, expect, vi } from 'vitest';
import { createOffboarding } from '../../../../controlplane/offboarding/offboarding.ts';
import { reconcileOrganization } from '../../../../controlplane/reconcile/organization.ts';

import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { createWorld, hub, management, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { looksOf } from './looks.ts';

const three = '300000000003';

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
let { look, carryOut, ready } = {} as ReturnType<typeof looksOf>;
test.beforeEach(async ({ database: given }) => {
  database = given;
  store = openStore(database);
  made = createWorld(store, database);
  ({ look, carryOut, ready } = looksOf(database, made));
}, 60_000);

const askedFor = () =>
  made.requested.map(({ requestedBy, scope }) => [requestedBy.split(' ')[0], scope.accounts ?? 'all']);
describe('a look at the organization', () => {
  test('that finds it unreadable is put off longer each time, until one can read it', async () => {
    const runs = { request: async () => expect.fail('nothing was read') };
    const refused = async () => {
      throw new Error('AccessDeniedException: no');
    };
    const lookWith = (aws: typeof made.aws) =>
      asHolder(database, 'organization', (lease) =>
        reconcileOrganization({ ...made.parts, aws, runs, offboarding: undefined }, lease),
      );
    const unreadable = { ...made.aws, organizations: refused };
    made.world.accounts.clear();
    for (const id of [management, hub]) made.world.accounts.set(id, 'SUSPENDED');
    for (const failures of [1, 2, 3])
      expect(await lookWith(unreadable)).toMatchObject({ kind: 'error', failures });
    made.world.accounts.set(hub, 'ACTIVE');
    await store.runs.createUnlessWaiting({
      ...{ scope: { accounts: [hub] }, onlyChanged: true, requestedBy: 'onboarding' },
      kind: 'reconcile',
    });
    expect(await lookWith(made.aws)).toMatchObject({ kind: 'ok' });
    expect(await lookWith(unreadable)).toMatchObject({ failures: 1 });
  });

  test('has new accounts onboarded by one run, however often it looks before that run has begun or ended', async () => {
    await look(2);
    expect(askedFor()).toEqual([['onboarding', [management, hub, one, two]]]);
    const [run] = await store.runs.unfinished();
    await store.runs.start(run?.id ?? '');
    await look();
    expect(await store.runs.list(10)).toHaveLength(1);
    await carryOut();
    await look();
    expect(made.requested).toHaveLength(1);
  });

  test('has an account onboarded that came while others were, and that one alone', async () => {
    await look();
    made.world.accounts.set(three, 'ACTIVE');
    await look();
    expect(askedFor().at(-1)).toEqual(['onboarding', [three]]);
    await carryOut();
    expect(await ready(three)).toMatchObject({ status: 'True', message: '3 stacks' });
  });

  test('leaves an account alone whose look is on its way: without its role it is tried again by itself', async () => {
    made.world.unreachable.add(one);
    await look();
    await carryOut();
    expect(await ready(one)).toMatchObject({ status: 'False', reason: 'NotReachable' });
    await look(2);
    expect(made.requested).toHaveLength(1);
    made.world.unreachable.delete(one);
    expect(made.queue.waiting()).toContain(`account-${one}`);
    await made.working(async () => {
      await made.queue.enqueue([`account-${one}`]);
      await until(async () => (await ready(one))?.status === 'True');
    });
  });

  describe('by a worker whose clock is an hour ahead', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    test('is of the time that the database has, and the next look by another one counts', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
      await look();
      const [seen] = await database.query<{ age: number }>(
        'select extract(epoch from now() - max(seen_at))::float8 as age from account',
      );
      expect(seen?.age).toBeGreaterThanOrEqual(0);
      vi.useRealTimers();
      await database.query('truncate lease'); // PGlite has the clock of its process
      made.world.accounts.set(two, 'SUSPENDED');
      await look();
      expect(await store.accounts.get(two)).toMatchObject({ state: 'SUSPENDED' });
    });
  });

  test('finds an account again that was suspended before it let anybody in, and reinstated', async () => {
    const key = `account-${one}`;
    const { parts, queue } = made;
    Object.assign(parts, {
      offboarding: createOffboarding({ ...parts, enqueue: (keys) => queue.enqueue(keys) }),
    });
    made.world.unreachable.add(one);
    await look();
    await carryOut();
    expect(await ready(one)).toMatchObject({ reason: 'NotReachable' });
    made.world.accounts.set(one, 'SUSPENDED');
    await look();
    await made.working(async () => {
      await queue.enqueue([key]);
      await until(async () => !queue.waiting().includes(key));
    });
    expect(queue.waiting()).not.toContain(key);
    made.world.accounts.set(one, 'ACTIVE');
    await look();
    expect(queue.waiting()).toContain(key);
  });

  test('begins no onboarding beside one that its failures paused', async () => {
    await look();
    const [run] = await store.runs.unfinished();
    await store.runs.pause(run?.id ?? '', '1 stacks failed');
    made.world.accounts.set(three, 'ACTIVE');
    await look();
    expect(made.requested).toHaveLength(1);
  });
});

test('a policy that cannot be read fails the hub alone: accounts are made with the hub that is there', async () => {
  await look();
  await carryOut();
  const good = made.world.hubBundle;
  made.world.hubBundle = async () => {
    throw new Error('policy.yaml: rules[0].action is missing');
  };
  made.world.accounts.set(three, 'ACTIVE');
  await look();
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
