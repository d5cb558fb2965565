import { expect } from 'vitest';
import type { Conditions } from '../../../../controlplane/stacks/conditions.ts';
import type { DesiredStack } from '../../../../controlplane/stacks/desired.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';

const ready: Conditions = {
  Ready: { status: 'True', reason: 'Succeeded', message: '', since: '2026-01-01T00:00:00Z' },
};
const whole = { kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'a test' } as const;
const stack = (key: DesiredStack['key'], accountId: string): DesiredStack => ({
  key,
  generation: 'g1',
  arguments: {
    kind: 'region',
    place: { partition: 'aws', accountId, region: 'eu-west-1' },
    hub: { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' },
    cell: { region: 'eu-west-1', lifecycle: false },
  },
});
const member = (id: string, name = id) => ({
  id,
  name,
  state: 'ACTIVE' as const,
  joinedAt: '2026-01-01T00:00:00.000Z',
  parents: ['r-root', 'ou-prod'],
  unitNames: ['Production'],
  path: 'Production',
});

let database: Database;
let store: Store;
test.beforeEach(async ({ database: given, store: opened }) => {
  database = given;
  store = opened;
}, 60_000);

test('equal requests that wait are one run, until it has begun', async () => {
  const first = await store.runs.createUnlessWaiting(whole);
  expect(first).toMatchObject({ created: true, run: { state: 'queued', ...whole } });
  const again = await store.runs.createUnlessWaiting({ ...whole, requestedBy: 'another' });
  expect(again).toMatchObject({ created: false, run: { id: first.run.id } });
  const others = [
    { ...whole, kind: 'preview' as const },
    { ...whole, onlyChanged: true },
    { ...whole, scope: { accounts: ['300000000001'] } },
  ];
  for (const other of others)
    expect(await store.runs.createUnlessWaiting(other)).toMatchObject({ created: true });
  await store.runs.start(first.run.id);
  expect(await store.runs.createUnlessWaiting(whole)).toMatchObject({ created: true });
});

test('equal requests at the same moment are one run', async () => {
  const scope = { accounts: ['300000000009'] };
  const made = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(() => store.runs.createUnlessWaiting({ ...whole, scope })),
  );
  expect(made.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(made.map(({ run }) => run.id)).size).toBe(1);
});

test('a run is unfinished until it is finished', async () => {
  const { run } = await store.runs.createUnlessWaiting({ ...whole, scope: { regions: ['eu-west-1'] } });
  const unfinished = async () => (await store.runs.unfinished()).map(({ id }) => id);
  expect(await unfinished()).toContain(run.id);
  await store.runs.start(run.id);
  expect(await unfinished()).toContain(run.id);
  await store.runs.finish(run.id, 'failed', '1 failed');
  expect(await unfinished()).not.toContain(run.id);
  const done = await store.runs.get(run.id);
  expect(done).toMatchObject({ state: 'failed', message: '1 failed', scope: { regions: ['eu-west-1'] } });
  expect([done?.createdAt, done?.startedAt, done?.finishedAt].every((time) => time instanceof Date)).toBe(
    true,
  );
});

test("a run's stacks keep what was planned, what began and how it ended", async () => {
  const { run } = await store.runs.createUnlessWaiting({ ...whole, scope: { regions: ['x'] } });
  await store.runStacks.plan(run.id, ['region-b', 'hub', 'account-a'], 1, 'pending');
  expect(await store.runStacks.admit(run.id, 1, 2)).toEqual([]);
  await store.runs.start(run.id);
  expect((await store.runStacks.admit(run.id, 1, 2)).sort()).toEqual(['account-a', 'hub']);
  await asHolder(database, 'hub', (lease) => store.runStacks.begin(run.id, 'hub', lease));
  await store.runStacks.plan(run.id, ['hub'], 1, 'pending');
  const change = { operation: 'update', type: 'aws:sqs/queue:Queue', name: 'q', properties: ['tags'] };
  await asHolder(database, 'account-a', async (lease) => {
    await store.runStacks.begin(run.id, 'account-a', lease);
    const result = { state: 'succeeded', record: { changes: [change] }, message: '1 changed' } as const;
    await store.runStacks.end(run.id, 'account-a', result, lease);
  });
  const stacks = await store.runStacks.of(run.id);
  expect(stacks.map(({ key, state }) => `${key} ${state}`)).toEqual([
    'hub running',
    'account-a succeeded',
    'region-b pending',
  ]);
  expect(stacks[1]).toMatchObject({ changes: [change], drift: [], message: '1 changed' });
  expect(stacks[1]?.finishedAt).toBeInstanceOf(Date);
  expect(stacks[0]?.finishedAt).toBeNull();
  expect(stacks[2]?.startedAt).toBeNull();
});

test('a result is kept once, also when it is replayed', async () => {
  const result = remediation({ eventId: 'event-1' });
  expect(await store.remediations.append(result)).toMatchObject({ change: 'first' });
  expect(await store.remediations.append({ ...result, outcome: 'failed' })).toBeUndefined();
  expect(await store.remediations.append({ ...result, groupId: null })).toMatchObject({ change: 'first' });
  expect(await store.remediations.append({ ...result, groupId: null })).toBeUndefined();
  const { items } = await store.remediations.page({}, { limit: 10 });
  expect(items).toHaveLength(2);
  expect(items.find(({ result: { groupId } }) => groupId !== null)?.result).toEqual(result);
});

test('results are listed newest first, by account and outcome', async () => {
  const at = (eventId: string, account: string, time: string, outcome: 'remediated' | 'failed') =>
    store.remediations.append(remediation({ eventId, account, time, outcome }));
  await at('old', '300000000007', '2026-01-01T00:00:00Z', 'remediated');
  await at('new', '300000000007', '2026-01-02T00:00:00Z', 'failed');
  const ids = async (filter: { account: string; outcome?: string }, limit = 9) =>
    (await store.remediations.page(filter, { limit })).items.map(({ eventId }) => eventId);
  expect(await ids({ account: '300000000007' })).toEqual(['new', 'old']);
  expect(await ids({ account: '300000000007' }, 1)).toEqual(['new']);
  expect(await ids({ account: '300000000007', outcome: 'remediated' })).toEqual(['old']);
  expect(await ids({ account: '300000000008' })).toEqual([]);
});

test('a stack remembers that an operation began, until it ended', async () => {
  const desired = stack('region-300000000001-eu-west-1', '300000000001');
  expect(await store.stacks.declare(desired)).toMatchObject({ generation: null, operationStartedAt: null });
  const made = { generation: 'g1', release: 'r1', programVersion: 'p1' };
  await asHolder(database, desired.key, async (lease) => {
    await store.stacks.begin(desired.key, {}, lease);
    expect((await store.stacks.declare(desired)).operationStartedAt).toBeInstanceOf(Date);
    await store.stacks.succeeded(desired.key, ready, made, lease);
  });
  expect(await store.stacks.get(desired.key)).toMatchObject({
    kind: 'region',
    accountId: '300000000001',
    region: 'eu-west-1',
    generation: 'g1',
    operationStartedAt: null,
    conditions: ready,
  });
  const failure = { generation: 'g2', counted: true };
  const failures = await asHolder(database, desired.key, async (lease) => [
    await store.stacks.failed(desired.key, {}, failure, lease),
    await store.stacks.failed(desired.key, {}, { ...failure, counted: false }, lease),
    await store.stacks.failed(desired.key, {}, failure, lease),
    await store.stacks.failed(desired.key, {}, { ...failure, counted: false }, lease),
    await store.stacks.failed(desired.key, {}, { ...failure, counted: false }, lease),
    await store.stacks.failed(desired.key, {}, { ...failure, generation: 'g3' }, lease),
  ]);
  expect(failures.map((count) => count.failures)).toEqual([1, 1, 2, 2, 2, 1]);
  expect(failures.map((count) => count.transientFailures)).toEqual([0, 1, 0, 1, 2, 0]);
  const mark = (status: 'True' | 'False') => ({ status, reason: 'Failed', message: '', since: '' }) as const;
  const stalled = { after: 2, conditions: { Stalled: mark('True') } };
  const marked = await asHolder(database, desired.key, async (lease) => {
    const fail = async (counted: boolean) => {
      const failed = { generation: 'g3', counted, stalled };
      await store.stacks.failed(desired.key, { Stalled: mark('False') }, failed, lease);
      return (await store.stacks.get(desired.key))?.conditions.Stalled?.status;
    };
    return [await fail(false), await fail(true)];
  });
  expect(marked).toEqual(['False', 'True']);
  expect(await store.stacks.get(desired.key)).toMatchObject({ generation: 'g1', failedGeneration: 'g3' });
});

test('a write under a lease that another worker holds now is refused', async () => {
  const desired = stack('region-300000000001-us-east-1', '300000000001');
  await store.stacks.declare(desired);
  const old = await asHolder(database, desired.key, async (lease) => lease);
  await asHolder(database, desired.key, async (lease) => {
    await expect(store.stacks.begin(desired.key, {}, old)).rejects.toThrow('was lost');
    await store.stacks.begin(desired.key, {}, lease);
  });
  await expect(
    store.stacks.failed(desired.key, {}, { generation: 'g', counted: true }, old),
  ).rejects.toThrow();
  expect(await store.stacks.get(desired.key)).toMatchObject({ failures: 0 });
});

test('accounts that are not listed any more are departed, come back when they are, and an older listing changes nothing', async () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 0, minute));
  await store.accounts.seen([member('300000000001', 'one'), member('300000000002')], at(1));
  await store.accounts.setConditions('300000000002', ready);
  await store.accounts.seen([member('300000000001', 'renamed')], at(3));
  await store.accounts.seen([member('300000000001', 'of an older listing'), member('300000000002')], at(2));
  const states = async () => (await store.accounts.list()).map(({ id, name, state }) => [id, name, state]);
  expect(await states()).toEqual([
    ['300000000002', '300000000002', 'DEPARTED'],
    ['300000000001', 'renamed', 'ACTIVE'],
  ]);
  await store.accounts.seen([member('300000000001'), member('300000000002')], at(4));
  expect(await store.accounts.get('300000000002')).toMatchObject({
    state: 'ACTIVE',
    parents: ['r-root', 'ou-prod'],
    conditions: ready,
    joinedAt: new Date('2026-01-01T00:00:00.000Z'),
  });
});

test('a lifecycle event is kept once', async () => {
  const event = {
    id: 'e-1',
    name: 'MoveAccount',
    time: '2026-01-01T00:00:00Z',
    accountId: undefined,
    look: { at: 'account' },
  } as const;
  await store.lifecycleEvents.append(event, 'reconcile account');
  await store.lifecycleEvents.append(event, 'nothing');
  expect((await store.lifecycleEvents.page({}, { limit: 10 })).items).toMatchObject([
    { id: 'e-1', accountId: null, action: 'reconcile account' },
  ]);
});
