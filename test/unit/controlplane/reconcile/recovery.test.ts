import { describe, expect } from 'vitest';
import { OperationFailed } from '../../../../controlplane/pulumi/failure.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { asHolder } from '../../../worlds/lease-sample.ts';
import { one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { type ReconcileWorld, reconcileWorld } from './scene.ts';

let { database, store, world, run } = {} as ReconcileWorld;
test.beforeEach(({ given }) => {
  ({ database, store, world, run } = reconcileWorld(given));
});

const ready = async (key: string) => (await store.stacks.get(key))?.conditions.Ready?.status;

describe('the audit log', () => {
  /** Accounts that came under Portcullis, those that the log knew before left out. */
  const adopted = async (since: number) =>
    (await store.audit.list(1000))
      .filter(({ id, what }) => what === 'account adopted' && Number(id) > since)
      .map(({ details }) => details.account)
      .sort();
  const last = async () => Number((await store.audit.list(1))[0]?.id ?? 0);

  test('has a line for each new account, and none for a later reconcile', async () => {
    const before = await last();
    await run();
    expect(await adopted(before)).toEqual([...world.accounts.keys()].sort());
    world.programVersion = '2';
    await run();
    expect(await adopted(before)).toHaveLength(world.accounts.size);
  });

  test('has one line of an account whose making was cut short before its success was recorded', async () => {
    const before = await last();
    const { succeeded } = store.stacks;
    Object.assign(store.stacks, {
      async succeeded(...given: Parameters<typeof succeeded>) {
        if (given[0] === `account-${one}`) throw new Error('the process died');
        return succeeded(...given);
      },
    });
    await run({ scope: { accounts: [two] } });
    const cut = run({ scope: { accounts: [one] } });
    await until(async () => (await adopted(before)).includes(one));
    Object.assign(store.stacks, { succeeded });
    await cut;
    expect(await ready(`account-${one}`)).toBe('True');
    expect(await adopted(before)).toEqual([one, two]);
  });
});

describe('a stack', () => {
  test('whose recovery met what a dead holder left and failed is recovered again by the next', async () => {
    await run();
    const key = `account-${one}`;
    await asHolder(database, key, (lease) => store.stacks.begin(lease.key, {}, lease));
    const intent = (await store.stacks.get(key))?.operationStartedAt;
    const failing = (entered: boolean) => {
      const record = { changes: [], drift: [], unchanged: 0, errors: [] };
      world.up = async (stack) => {
        if (stack.key !== key) return;
        const cause = new OperationFailed('its state is not to be read', { record, entered });
        throw new PortcullisError('stack-failed', `${key}: it broke`, { cause });
      };
    };
    failing(false);
    await run({ onlyChanged: true });
    expect((await store.stacks.get(key))?.operationStartedAt).toEqual(intent);
    // What it failed by now is the stack's own: nothing of before is in the way any more.
    failing(true);
    world.operations.length = 0;
    await run({ onlyChanged: true });
    expect(world.operations).toEqual([`recover and up ${key}`]);
    expect((await store.stacks.get(key))?.operationStartedAt).toBeNull();
  });

  test('that failed half-way has what it had begun in the audit log', async () => {
    await run();
    const key = `account-${one}`;
    const changes = [{ operation: 'create', type: 'aws:iam/role:Role', name: 'r', properties: [] }];
    world.up = async (stack) => {
      if (stack.key !== key) return;
      const record = { changes, drift: [], unchanged: 0, errors: [] };
      const cause = new OperationFailed('no', { record, entered: true });
      throw new PortcullisError('stack-failed', `${key}: no`, { cause });
    };
    await run();
    const lines = await store.audit.list(20, { account: one });
    expect(lines.find(({ what, details }) => what === 'stack changed' && details.incomplete)).toMatchObject({
      details: { key, changes, incomplete: true },
    });
  });
});

describe('an account that refuses calls', () => {
  const refused = 'api error AccessDenied: not authorized';
  const failures = async () => (await store.stacks.get(`account-${one}`))?.failures;

  test('is counted no failure within 15 minutes of its joining', async () => {
    world.breaksWith = refused;
    world.broken.add(`account-${one}`);
    world.joined.set(one, new Date(Date.now() - 14 * 60_000));
    await run({ scope: { accounts: [one] } });
    expect(await failures()).toBe(0);
  });

  test('is counted one later', async () => {
    world.breaksWith = refused;
    world.broken.add(`account-${one}`);
    world.joined.set(one, new Date(Date.now() - 16 * 60_000));
    await run({ scope: { accounts: [one] } });
    expect(await failures()).toBe(1);
  });
});
