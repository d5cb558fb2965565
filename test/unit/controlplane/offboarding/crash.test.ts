import { beforeEach, describe, expect } from 'vitest';
import type { OffboardingContext } from '../../../../controlplane/offboarding/offboarding.ts';
import type { StackKey } from '../../../../controlplane/stacks/key.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld, hub } from '../../../worlds/offboarding.ts';
import { dying } from '../../../worlds/restore.ts';

const one = '300000000001';
const two = '300000000002';
const key: StackKey = `account-${one}`;

let database: Database;
let at: ReturnType<typeof createOffboardingWorld>;
test.beforeEach(({ given: embedded }) => {
  ({ database } = embedded);
});
beforeEach(async () => {
  at = createOffboardingWorld(database);
  for (const id of [hub, two, one]) await at.onboard(id);
  await at.list();
});

type Change = Partial<Pick<OffboardingContext, 'store' | 'engine'>>;
type Death = () => { change: Change; died: Promise<void> };
const inStore =
  <Part extends 'stacks' | 'offboarding' | 'archivedStacks' | 'accounts' | 'audit'>(
    part: Part,
    method: string,
    when: 'before' | 'after',
  ): Death =>
  () => {
    const { copy, died } = dying(at.store[part] as never, method as never, when);
    return { change: { store: { ...at.store, [part]: copy } }, died };
  };
const inEngine =
  (method: 'operate' | 'exportState' | 'forget', when: 'before' | 'after'): Death =>
  () => {
    const { copy, died } = dying(at.parts.engine, method, when);
    return { change: { engine: copy }, died };
  };

/** The result of the worker that takes over the lease of one that died at a point. */
async function survive(death: Death, settings = {}) {
  const { change, died } = death();
  const dead = at.plane(settings, change).reconcile(key, await at.lease(key));
  dead?.catch(() => undefined);
  await died;
  return at.plane(settings).reconcile(key, await at.lease(key, 'from-dead'));
}
/** Counted by difference: the audit log keeps lines of earlier tests. */
const lines = async (what: string) =>
  (await at.store.audit.list(1000)).filter((line) => line.details.key === key && line.what === what).length;
const accountLines = async () =>
  (await at.store.audit.list(1000)).filter(
    ({ details, what }) => details.account === one && what === 'account departed',
  ).length;

describe('a worker killed while it archives', () => {
  test.each<[string, Death]>([
    ['before the intent is recorded', inStore('stacks', 'begin', 'before')],
    ['after the intent is recorded', inStore('stacks', 'begin', 'after')],
    ['while the state is exported', inEngine('exportState', 'after')],
    ['before the archived stack is kept', inStore('archivedStacks', 'archive', 'before')],
    ['after the archived stack is kept', inStore('archivedStacks', 'archive', 'after')],
    ['before the engine forgets', inEngine('forget', 'before')],
    ['after the engine forgot', inEngine('forget', 'after')],
    ['before the end is recorded', inStore('offboarding', 'finish', 'before')],
    ['after the end is recorded', inStore('offboarding', 'finish', 'after')],
  ])('%s loses nothing and repeats nothing', async (_, death) => {
    at.state.accounts.set(one, 'SUSPENDED');
    await at.list();
    const before = await lines('stack forgotten');
    const departed = await accountLines();
    expect(await survive(death)).toEqual({ kind: 'ok' });
    expect(await at.stacks()).not.toContain(key);
    expect(at.state.engine.has(key)).toBe(false);
    expect(at.state.resources.has(key)).toBe(true);
    const archivedStacks = (await at.store.archivedStacks.list()).filter((archived) => archived.key === key);
    expect(archivedStacks).toMatchObject([{ hasState: true }]);
    expect(JSON.parse((await at.store.archivedStacks.state(key)) ?? '')).toEqual({ deployment: { key } });
    expect(await lines('stack forgotten')).toBe(before + 1);
    expect(await accountLines()).toBe(departed + 1);
    expect(await at.store.accounts.get(one)).toMatchObject({
      ...{ regions: [], conditions: { Ready: { status: 'False', reason: 'Departed' } } },
    });
    expect(await at.store.offboarding.open()).toEqual([]);
  });
});

describe('a worker killed while it destroys', () => {
  const outOfScope = { exclude: [one] };
  test.each<[string, Death]>([
    ['before the intent is recorded', inStore('stacks', 'begin', 'before')],
    ['after the intent is recorded', inStore('stacks', 'begin', 'after')],
    ['after the resources are deleted', inEngine('operate', 'after')],
    ['before the end is recorded', inStore('offboarding', 'finish', 'before')],
    ['after the end is recorded', inStore('offboarding', 'finish', 'after')],
  ])('%s leaves nothing in the account and one line in the audit log', async (_, death) => {
    await at.narrow(outOfScope);
    const before = await lines('stack destroyed');
    const departed = await accountLines();
    expect(await survive(death, outOfScope)).toEqual({ kind: 'ok' });
    expect(await at.stacks()).not.toContain(key);
    expect(at.state.resources.has(key)).toBe(false);
    expect(await lines('stack destroyed')).toBe(before + 1);
    expect(await accountLines()).toBe(departed + 1);
    expect(await at.store.accounts.get(one)).toMatchObject({
      ...{ regions: [], conditions: { Ready: { status: 'False', reason: 'OutOfScope' } } },
    });
    expect(await at.store.archivedStacks.list()).toEqual([]);
  });
});

test.each<[string, 'operate' | 'exportState', { exclude?: string[] }]>([
  ['destroys', 'operate', { exclude: [one] }],
  ['archives', 'exportState', {}],
])(
  'a worker stopped while it %s keeps the intent, and the next one recovers',
  async (_, method, settings) => {
    if (method === 'exportState') at.state.accounts.set(one, 'SUSPENDED');
    await (method === 'operate' ? at.narrow(settings) : at.list());
    const stopping = new AbortController();
    const stopped = async () => {
      stopping.abort(new Error('the service stops'));
      throw new Error(`${key}: interrupted`);
    };
    const plane = at.plane(settings, { engine: { ...at.parts.engine, [method]: stopped } });
    const lease = { ...(await at.lease(key)), signal: stopping.signal };
    await expect(plane.reconcile(key, lease)).rejects.toThrow('the service stops');
    expect(await at.store.stacks.get(key)).toMatchObject({
      ...{ failures: 0, operationStartedAt: expect.any(Date) },
    });
    const recovered: unknown[] = [];
    const operate: typeof at.parts.engine.operate = async (operation, signal) => {
      recovered.push(operation.recover);
      return at.parts.engine.operate(operation, signal);
    };
    const next = at.plane(settings, { engine: { ...at.parts.engine, operate } });
    expect(await next.reconcile(key, await at.lease(key))).toEqual({ kind: 'ok' });
    expect(recovered).toEqual(method === 'operate' ? [true] : []);
  },
);

test('a worker that lost its lease records no end', async () => {
  at.state.accounts.set(one, 'SUSPENDED');
  await at.list();
  const stale = await at.lease(key);
  const forget = async (stack: StackKey) => {
    await at.lease(key); // another worker holds the key now
    return at.parts.engine.forget(stack);
  };
  const plane = at.plane({}, { engine: { ...at.parts.engine, forget } });
  await expect(plane.reconcile(key, stale)).rejects.toThrow(/lease of account-300000000001 was lost/);
  expect(await at.stacks()).toContain(key);
  expect(await at.plane().reconcile(key, await at.lease(key))).toEqual({ kind: 'ok' });
});
