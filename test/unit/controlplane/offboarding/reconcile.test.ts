import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import type { createOffboardingWorld } from '../../../worlds/offboarding.ts';
import { hub } from '../../../worlds/offboarding.ts';
import { account, offboardingScene, one, region, two } from './scene.ts';

let at: ReturnType<typeof createOffboardingWorld>;
const { reported } = offboardingScene((world) => {
  at = world;
});
const outOfScope = { exclude: [one] };
const close = async (state: 'SUSPENDED' | 'PENDING_CLOSURE') => {
  at.state.accounts.set(one, state);
  await at.list();
};
const leave = async () => {
  at.state.accounts.delete(one);
  await at.list();
};
const all = [region('us-east-1'), region('eu-west-1'), account];

describe('a key that is wanted', () => {
  test('is reconciled as usual, as is one of an account that was never listed', async () => {
    expect(await reported(account)).toBeUndefined();
    expect(await reported(region('eu-west-1'))).toBeUndefined();
    expect(await reported('account-399999999999')).toBeUndefined();
    expect(await reported('hub')).toBeUndefined();
  });
});

describe('an account out of scope', () => {
  test('is destroyed, Region stacks first, and reports it', async () => {
    await at.narrow(outOfScope);
    expect(await reported(account, outOfScope)).toMatch(
      /^requeueAfter: its Region stacks are destroyed first: region-/,
    );
    expect(at.state.enqueued).toEqual(expect.arrayContaining([region('us-east-1'), region('eu-west-1')]));
    for (const key of all) expect(await reported(key, outOfScope)).toBe('ok');
    expect(at.state.destroyed).toEqual(all);
    expect(await at.stacks()).toEqual(
      [account.replace(one, two), account.replace(one, hub), region('eu-west-1', two)].sort(),
    );
    expect(await at.store.accounts.get(one)).toMatchObject({
      regions: [],
      conditions: {
        Ready: {
          status: 'False',
          reason: 'OutOfScope',
          message: 'destroyed: left out by PORTCULLIS_EXCLUDE',
        },
      },
    });
    const acts = (await at.store.audit.list(10)).filter(({ details }) => details.account === one);
    expect(acts.map(({ what }) => what)).toEqual([
      'account departed',
      ...['stack destroyed', 'stack destroyed', 'stack destroyed'],
    ]);
    expect(await at.store.archivedStacks.list()).toEqual([]);
  });

  test('that never had a stack has nothing to do', async () => {
    at.state.accounts.set('300000000009', 'ACTIVE');
    await at.list({ exclude: ['300000000009'] });
    expect(await reported('account-300000000009', { exclude: ['300000000009'] })).toBe('ok');
  });

  test('stays covered until a complete listing, and enqueues one', async () => {
    expect(await reported(region('eu-west-1'), outOfScope)).toBeUndefined();
    expect(at.state.enqueued).toContain('organization');
    expect(at.state.destroyed).toEqual([]);
  });

  test('that denies access is a reported error, and is never archived', async () => {
    await at.narrow(outOfScope);
    at.state.refusing.set(one, 'AccessDenied');
    for (let times = 0; times < 5; times += 1) {
      expect(await reported(region('eu-west-1'), outOfScope)).toBe(
        'error: left out by PORTCULLIS_EXCLUDE; the account denies access: AccessDenied: said AWS',
      );
    }
    const message = 'left out by PORTCULLIS_EXCLUDE; the account denies access: AccessDenied: said AWS';
    const refused = { conditions: { Ready: { status: 'False', reason: 'NotReachable', message } } };
    expect(await at.store.stacks.get(region('eu-west-1'))).toMatchObject(refused);
    expect(await at.store.accounts.get(one)).toMatchObject(refused);
    expect(at.state.warned).toEqual([message]);
    expect(at.state.destroyed).toEqual([]);
  });

  test('in scope again is reconciled as before', async () => {
    await at.list(outOfScope);
    await at.list();
    for (const key of all) expect(await reported(key)).toBeUndefined();
    expect(at.state.destroyed).toEqual([]);
    expect(await at.store.offboarding.open()).toEqual([]);
  });

  test('destroys the account stack of the hub account too, and never the hub', async () => {
    await at.narrow({ exclude: [hub] });
    expect(await reported(`account-${hub}`, { exclude: [hub] })).toBe('ok');
    expect(await reported('hub', { exclude: [hub] })).toBeUndefined();
    expect(at.state.destroyed).toEqual([`account-${hub}`]);
  });
});

describe('an account that is closing', () => {
  test('is destroyed while it allows access', async () => {
    await close('PENDING_CLOSURE');
    for (const key of all) expect(await reported(key)).toBe('ok');
    expect(at.state.resources.has(account)).toBe(false);
  });

  test('that denies access waits, and is archived once it is closed', async () => {
    await close('PENDING_CLOSURE');
    at.state.refusing.set(one, 'AccessDenied');
    for (let times = 0; times < 5; times += 1)
      expect(await reported(region('eu-west-1'))).toMatch(
        /^requeueAfter: the account is being closed; the account denies access/,
      );
    await close('SUSPENDED');
    for (const key of all) expect(await reported(key)).toBe('ok');
    expect(await at.store.archivedStacks.list()).toHaveLength(3);
  });
});

describe('an account that is closed', () => {
  test('is archived with its state, and its resources stay', async () => {
    await close('SUSPENDED');
    for (const key of all) expect(await reported(key)).toBe('ok');
    expect(at.state.destroyed).toEqual([]);
    expect([...at.state.resources]).toEqual(expect.arrayContaining(all));
    expect([...at.state.engine.keys()]).not.toEqual(expect.arrayContaining(all));
    const stones = await at.store.archivedStacks.list();
    expect(stones).toHaveLength(3);
    expect(stones.find(({ key }) => key === account)).toMatchObject({
      ...{ accountId: one, accountName: `n${one}`, kind: 'account', reason: 'the account is SUSPENDED' },
      ...{ hasState: true, returnedAt: null },
    });
    expect(JSON.parse((await at.store.archivedStacks.state(account)) ?? '')).toEqual({
      deployment: { key: account },
    });
    expect(await at.store.accounts.get(one)).toMatchObject({ conditions: { Ready: { reason: 'Departed' } } });
  });

  test('that is reopened is covered again, and its archived stacks record when', async () => {
    await close('SUSPENDED');
    for (const key of all) await at.reconcile(key);
    await at.onboard(one, 'us-east-1');
    expect(await reported(account)).toBeUndefined();
    await at.list();
    const stones = await at.store.archivedStacks.list();
    expect(
      stones
        .filter(({ returnedAt }) => returnedAt !== null)
        .map(({ key }) => key)
        .sort(),
    ).toEqual([account, region('us-east-1')]);
  });

  test('twice has two archived stacks', async () => {
    await close('SUSPENDED');
    for (const key of all) await at.reconcile(key);
    await at.onboard(one);
    await at.list();
    await close('SUSPENDED');
    await at.reconcile(account);
    expect((await at.store.archivedStacks.list()).filter(({ key }) => key === account)).toHaveLength(2);
  });
});

describe('an account that left', () => {
  test('is destroyed when it still allows access', async () => {
    await leave();
    for (const key of all) expect(await reported(key)).toBe('ok');
    expect(at.state.destroyed).toEqual(all);
  });

  test('that denies access three times is archived', async () => {
    await leave();
    at.state.refusing.set(one, 'AccessDenied');
    const refused = /^requeueAfter: the account is no longer in the organization; the account denies access/;
    expect(await reported(region('eu-west-1'))).toMatch(refused);
    expect(await reported(region('eu-west-1'))).toMatch(refused);
    expect(await reported(region('eu-west-1'))).toBe('ok');
    expect(at.state.destroyed).toEqual([]);
    expect(await at.store.archivedStacks.list()).toMatchObject([
      { reason: expect.stringContaining('AccessDenied') },
    ]);
  });

  test.each([
    ['every account', 'AccessDenied', /the hub account allows access/],
    [one, 'ThrottlingException', /access could not be checked: ThrottlingException/],
    [one, 'TimeoutError', /access could not be checked: TimeoutError/],
  ])('is kept when %s answers %s', async (who, error, message) => {
    await leave();
    at.state.refusing.set(who, error);
    for (let times = 0; times < 5; times += 1) expect(await reported(region('eu-west-1'))).toMatch(message);
    expect(await at.store.stacks.get(region('eu-west-1'))).toMatchObject({
      conditions: { Ready: { status: 'Unknown', message: expect.stringMatching(message) } },
    });
    expect(await at.store.archivedStacks.list()).toEqual([]);
    expect(at.state.destroyed).toEqual([]);
  });
});

test('an account in an unknown state is kept, with that reason', async () => {
  at.state.accounts.set(one, 'UNKNOWN');
  expect(await at.list()).toMatchObject({ keysToEnqueue: [] });
  for (const key of all) {
    expect(await reported(key)).toBe('requeueAfter: the account is UNKNOWN');
    const Ready = { status: 'Unknown', reason: 'NotReachable', message: 'the account is UNKNOWN' };
    expect(await at.store.stacks.get(key)).toMatchObject({ conditions: { Ready } });
  }
  expect(at.state.destroyed).toEqual([]);
});
