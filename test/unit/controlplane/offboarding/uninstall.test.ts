import { setTimeout as rest } from 'node:timers/promises';
import { beforeEach, describe, expect } from 'vitest';
import { organizationFact } from '../../../../controlplane/reconcile/organization.ts';
import type { StackKey } from '../../../../controlplane/stacks/key.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld, hub } from '../../../worlds/offboarding.ts';

const one = '300000000001';
const two = '300000000002';
const organization = 'o-portcullis';

let database: Database;
let at: ReturnType<typeof createOffboardingWorld>;
test.beforeEach(({ given: embedded }) => {
  ({ database } = embedded);
});
beforeEach(async () => {
  at = createOffboardingWorld(database);
  await at.onboard(hub);
  await at.onboard(two, 'eu-west-1');
  await at.onboard(one, 'us-east-1', 'eu-west-1');
  await database.query(
    `insert into stack (key, kind, account_id, updated_at) values ('hub', 'hub', $1, now())`,
    [hub],
  );
  const fact = { id: organization, managementAccountId: '111111111111' };
  await at.store.facts.set(organizationFact, fact);
  await at.list();
  at.state.enqueued.length = 0;
});

const asked = { kind: 'reconcile', scope: {}, onlyChanged: true, requestedBy: 'a test' } as const;
const request = async () => {
  await at.plane().requestUninstall(organization, 'erin');
  const made = await at.store.uninstall.get();
  if (!made) throw new Error('no uninstall was recorded');
  return made;
};
const step = async (key: string, taken: 'fresh' | 'from-dead' = 'fresh') => {
  const made = await at.store.uninstall.get();
  if (!made) throw new Error('no uninstall was recorded');
  return at.plane().uninstall(made, key as StackKey, await at.lease(key, taken));
};
/** Has every key its turn, as the queue would, until nothing more is removed. */
async function work() {
  for (let before = -1; before !== at.state.destroyed.length; ) {
    before = at.state.destroyed.length;
    for (const key of await at.plane().uninstallKeys()) if (key !== 'hub') await step(key);
  }
}
const acts = async () => (await at.store.audit.list(1000)).map(({ what }) => what);

describe('an uninstall', () => {
  test('needs the id of the organization, and names no other', async () => {
    await expect(at.plane().requestUninstall('o-another00', 'erin')).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect(await at.store.uninstall.get()).toBeUndefined();
    await at.store.facts.set(organizationFact, null);
    await expect(at.plane().requestUninstall(organization, 'erin')).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  test('ends a run that is created at the same instant, and refuses one that is created later', async () => {
    const created = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    const slow: Database = {
      ...database,
      transaction: (work) =>
        database.transaction(async (query) => {
          const value = await work(query);
          created.resolve();
          await committed.promise;
          return value;
        }),
    };
    const creation = openStore(slow).runs.createUnlessWaiting(asked);
    await created.promise;
    const requested = request();
    await Promise.race([requested, rest(200)]);
    committed.resolve();
    const [{ run }] = await Promise.all([creation, requested]);
    expect(await at.store.runs.get(run.id)).toMatchObject({ state: 'failed' });
    await expect(at.store.runs.createUnlessWaiting(asked)).rejects.toMatchObject({ code: 'conflict' });
    expect(await at.store.runs.unfinished()).toEqual([]);
  });

  test('ends every run, and is recorded for every worker', async () => {
    const { run } = await at.store.runs.createUnlessWaiting(asked);
    await at.store.runStacks.plan(run.id, [`account-${one}`], 1, 'pending');
    await request();
    expect(await at.store.runs.get(run.id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('being uninstalled, by erin'),
    });
    expect(await at.store.runStacks.of(run.id)).toMatchObject([{ state: 'skipped' }]);
    expect(at.state.enqueued).toContain('organization');
    expect(await createOffboardingWorld(database).plane().uninstallView()).toMatchObject({
      ...{ state: 'in-progress', by: 'erin', remaining: 7, left: 0 },
    });
    expect(await acts()).toContain('uninstall requested');
  });

  test('removes Regions before their account, and every stack but the hub, which waits', async () => {
    const made = await request();
    expect(await step(`account-${one}`)).toMatchObject({
      kind: 'requeueAfter',
      reason: 'PrerequisiteFailed',
    });
    expect(await at.plane().whyHubWaits(made)).toContain('6 stacks remain');
    await work();
    expect(at.state.destroyed.toSorted()).toEqual(
      [
        ...[`account-${hub}`, `account-${one}`, `account-${two}`],
        ...[`region-${one}-eu-west-1`, `region-${one}-us-east-1`, `region-${two}-eu-west-1`],
      ].toSorted(),
    );
    expect(at.state.destroyed.indexOf(`account-${one}`)).toBeGreaterThan(
      at.state.destroyed.indexOf(`region-${one}-eu-west-1`),
    );
    expect(at.state.resources.size).toBe(0);
    expect(await at.plane().whyHubWaits(made)).toBeUndefined();
  });

  test('leaves an account that denies access, says why, and goes on without it', async () => {
    at.state.refusing.set(one, 'AccessDenied');
    const made = await request();
    await work();
    for (let times = 0; times < 3; times += 1)
      for (const name of ['us-east-1', 'eu-west-1']) await step(`region-${one}-${name}`);
    await step(`account-${one}`);
    expect(await at.plane().whyHubWaits(made)).toBeUndefined();
    const view = await at.plane().uninstallView();
    expect(view).toMatchObject({ remaining: 4, left: 3 });
    expect(view.stacks.filter(({ left }) => left)).toMatchObject([
      { key: `account-${one}`, why: expect.stringContaining('Region stacks are removed first') },
      { key: expect.stringContaining('region-'), why: expect.stringContaining('denies access') },
      { key: expect.stringContaining('region-'), why: expect.stringContaining('denies access') },
    ]);
    expect(at.state.resources).toContain(`region-${one}-eu-west-1`);
    at.state.refusing.clear();
    await request();
    expect(await at.plane().uninstallView()).toMatchObject({ state: 'in-progress', left: 0 });
    await work();
    expect(at.state.resources.size).toBe(0);
  });

  test('does nothing in doubt: where the hub account denies access too, nothing is left for good', async () => {
    at.state.refusing.set('every account', 'AccessDenied');
    const made = await request();
    for (let times = 0; times < 5; times += 1) await step(`region-${one}-us-east-1`);
    expect(at.state.destroyed).toEqual([]);
    expect(await at.plane().uninstallView()).toMatchObject({ state: 'in-progress', left: 0 });
    expect(await at.plane().whyHubWaits(made)).toContain('6 stacks');
  });

  test('goes on after the worker died in the middle of a stack', async () => {
    await request();
    const key = `region-${two}-eu-west-1`;
    const lease = await at.lease(key);
    await at.store.stacks.begin(key, {}, lease);
    expect(await step(key, 'from-dead')).toEqual({ kind: 'ok' });
    expect(await at.stacks()).not.toContain(key);
  });

  test('archives what a suspended account has, and touches nothing there', async () => {
    at.state.accounts.set(two, 'SUSPENDED');
    await at.list();
    await request();
    await work();
    expect(at.state.destroyed).not.toContain(`region-${two}-eu-west-1`);
    expect(at.state.resources).toContain(`region-${two}-eu-west-1`);
    expect((await at.store.archivedStacks.list()).map(({ accountId }) => accountId)).toContain(two);
  });
});

describe('a reinstall', () => {
  test('ends the uninstall, and nothing more is removed', async () => {
    await request();
    await step(`region-${two}-eu-west-1`);
    at.state.enqueued.length = 0;
    expect(await at.plane().requestReinstall('erin')).toMatchObject({ state: 'none' });
    expect(await at.store.uninstall.get()).toBeUndefined();
    expect(at.state.enqueued).toEqual(['hub', 'organization']);
    expect((await at.store.offboarding.open()).length).toBe(0);
    expect(await acts()).toContain('reinstall requested');
  });

  test('is refused where nothing was uninstalled', async () => {
    await expect(at.plane().requestReinstall('erin')).rejects.toMatchObject({ code: 'conflict' });
  });
});
