import { beforeEach, describe, expect } from 'vitest';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { keyReconciler } from '../../../../controlplane/reconcile/key.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { RunRequest } from '../../../../controlplane/store/runs.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld, emptied } from '../../../worlds/offboarding.ts';
import { createWorld, hub, one } from '../../../worlds/reconcile.ts';

const differ = 'workers differ from this one: other-host (process 7)';
const three = '300000000003';
let database: Database;
let store: Store;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});

describe('while workers differ', () => {
  let { world, parts, run } = {} as ReturnType<typeof createWorld>;
  let requested: RunRequest[];
  let considered: number;
  beforeEach(async () => {
    ({ world, parts, run } = createWorld(store, database));
    requested = [];
    considered = 0;
    await run();
    world.operations.length = 0;
    world.mismatch = differ;
  });

  /** The result of one reconcile of a key. */
  const look = async (key: string) => {
    const leases = openLeases(database, makeLogger('silent'));
    try {
      const [lease] = await leases.acquire([{ key }]);
      if (!lease) throw new Error(`${key} is held`);
      const request = async (asked: RunRequest) => {
        requested.push(asked);
        return (await store.runs.createUnlessWaiting(asked)).run;
      };
      const consider = async () => {
        considered += 1;
        return { keysToEnqueue: [], held: undefined, remarks: [] };
      };
      const offboarding = {
        consider,
        note: async () => undefined,
        covered: async <A>(accounts: readonly A[]) => accounts,
        coveredRegions: async () => () => true,
        left: async () => undefined,
        reconcile: async () => undefined,
        retry: async () => undefined,
        uninstall: async () => ({ kind: 'ok' }) as const,
        uninstallKeys: async () => [],
        whyHubWaits: async () => undefined,
      };
      const result = await keyReconciler({ ...parts, offboarding, runs: { request } })(key, lease);
      await leases.release([lease]);
      return result;
    } finally {
      await leases.stop();
    }
  };
  const editPolicy = () => {
    world.hubBundle = async () => ({ bundle: { file: '/data/index.mjs', sha256: 'beef' }, exceptions: [] });
  };

  test('the hub keeps its policy, and gets the other as soon as they are identical', async () => {
    editPolicy();
    expect(await look('hub')).toEqual({
      kind: 'requeueAfter',
      requeueAfterMs: 30_000,
      reason: 'Waiting',
      message: differ,
    });
    expect(world.operations).toEqual([]);
    world.mismatch = undefined;
    await look('hub');
    expect(world.operations).toEqual(['up hub']);
  });

  test('a run reports why it skips the hub, and reaches new accounts with the existing hub', async () => {
    world.accounts.set(three, 'ACTIVE');
    const { stacks, state } = await run({ scope: { accounts: [three] }, onlyChanged: true });
    expect(stacks.find(({ key }) => key === 'hub')).toMatchObject({ state: 'skipped', message: differ });
    expect(state).toBe('succeeded');
    expect((await store.accounts.get(three))?.conditions.Ready?.status).toBe('True');
  });

  test('a preview shows what the hub would become', async () => {
    editPolicy();
    expect((await run({ kind: 'preview' })).stateOf('hub')).toBe('unchanged');
    expect(world.operations.filter((operation) => operation.endsWith(' hub'))).toEqual(['preview hub']);
  });

  test('no release is rolled out and nothing is offboarded; both happen within 90 s once they are identical', async () => {
    world.programVersion = '2';
    expect(await look('organization')).toEqual({
      kind: 'requeueAfter',
      requeueAfterMs: 90_000,
      reason: 'Waiting',
      message: differ,
    });
    expect({ requested, considered }).toEqual({ requested: [], considered: 0 });
    world.mismatch = undefined;
    expect(await look('organization')).toMatchObject({ kind: 'ok' });
    expect(requested.map(({ requestedBy }) => requestedBy.split(' ')[0])).toEqual(['release']);
    expect(considered).toBe(1);
  });

  test('a new account is onboarded all the same', async () => {
    world.accounts.set(three, 'ACTIVE');
    await look('organization');
    expect(requested.map(({ scope }) => scope)).toEqual([{ accounts: [three] }]);
  });

  test('a stack that is well stays as it is, unless a person asks', async () => {
    await database.query(`update stack set generation = 'of other settings' where key = $1`, [
      `account-${one}`,
    ]);
    expect(await look(`account-${one}`)).toEqual({
      kind: 'requeueAfter',
      requeueAfterMs: 90_000,
      reason: 'Waiting',
      message: differ,
    });
    expect(world.operations).toEqual([]);
    await run({ scope: { accounts: [one] } });
    expect(world.operations).toContain(`up account-${one}`);
  });
});

test('a stack out of scope waits while workers differ, with the reason, and is destroyed once they are identical', async () => {
  await emptied(database);
  const at = createOffboardingWorld(database);
  await at.onboard(hub);
  await at.onboard(one);
  const outOfScope = { exclude: [one] };
  await at.narrow(outOfScope);
  at.state.mismatch = differ;
  const key = `account-${one}`;
  expect(await at.reconcile(key, outOfScope)).toEqual({
    ...{ kind: 'requeueAfter', requeueAfterMs: 90_000, reason: 'Waiting', message: differ },
  });
  expect((await store.stacks.get(key))?.conditions.Ready).toMatchObject({ status: 'False', message: differ });
  expect(at.state.destroyed).toEqual([]);
  at.state.mismatch = undefined;
  expect(await at.reconcile(key, outOfScope)).toMatchObject({ kind: 'ok' });
  expect(at.state.destroyed).toEqual([key]);
});
