import { beforeEach, describe, expect } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld, emptied, hub } from '../../../worlds/offboarding.ts';
import { account, narrow, offboardingScene, one, region, two, wide } from './scene.ts';

const withoutOne = { exclude: [one] };
const europe = [region('eu-west-1'), region('eu-west-1', two)];

let database: Database;
let at: ReturnType<typeof createOffboardingWorld>;
const { reported, restart } = offboardingScene((world, given) => {
  at = world;
  database = given;
}, wide);

describe('what a setting leaves out', () => {
  test('waits for a confirmation at any size, and names the setting', async () => {
    const { keysToEnqueue: enqueue, held } = await at.list(narrow);
    expect(enqueue).toEqual([]);
    expect(held).toMatch(
      /confirm: destroy 2 stacks in 2 accounts, because settings changed: eu-west-1 is not among PORTCULLIS_REGIONS \(2\)/,
    );
    expect((await at.asked())?.stacks.map(({ key }) => key).sort()).toEqual(europe.sort());
    await at.list({ ...wide, exclude: [two] });
    expect((await at.asked())?.stacks.map(({ because }) => because)).toEqual([
      ...['left out by PORTCULLIS_EXCLUDE', 'left out by PORTCULLIS_EXCLUDE'],
    ]);
    expect(at.state.warned).toHaveLength(2);
  });

  test('is reconciled as before until then, across listings and a restart', async () => {
    await at.list(narrow);
    restart();
    await at.list(narrow, 200);
    for (const key of [...europe, account]) expect(await reported(key, narrow)).toBeUndefined();
    const covers = await at.plane(narrow).coveredRegions({ id: one, regions: [] });
    expect(['us-east-1', 'eu-west-1', 'af-south-1'].filter(covers)).toEqual(['us-east-1', 'eu-west-1']);
    expect(at.state.destroyed).toEqual([]);
  });

  test('stays in a run over the organization', async () => {
    await at.list(withoutOne);
    const accounts = [one, two].map((id) => ({ id, parents: ['r-root'] }));
    expect(await at.plane(withoutOne).covered(accounts)).toEqual(accounts);
  });

  test('is destroyed after a confirmation, and the settings become the confirmed scope', async () => {
    await at.narrow(narrow);
    for (const key of europe) expect(await reported(key, narrow)).toBe('ok');
    expect(at.state.destroyed).toEqual(europe);
    await at.list(narrow);
    expect(await at.plane(narrow).scope()).toMatchObject({ confirmed: narrow, leftOut: [] });
  });

  test('stays after a refusal, without a second question about the same set', async () => {
    await at.list(narrow);
    const question = await at.asked();
    await at.plane(narrow).refuse(question?.id ?? '', question?.digest ?? '', 'ops');
    expect((await at.list(narrow)).held).toContain('which was refused');
    for (const key of europe) expect(await reported(key, narrow)).toBeUndefined();
  });

  test('needs a new confirmation when the first is not carried out within a day', async () => {
    await at.narrow(narrow);
    const { keysToEnqueue: enqueue, held } = await at.list(narrow, 25);
    expect([enqueue, held]).toEqual([[], expect.stringContaining('a person has to confirm')]);
    for (const key of europe) expect(await reported(key, narrow)).toBeUndefined();
  });

  test('is a separate question from the one about the listing', async () => {
    at.state.accounts.delete(hub);
    at.state.accounts.delete(two);
    await at.list(narrow);
    const open = (await at.store.confirmations.list()).filter(({ state }) => state === 'open');
    expect(open.map(({ hold, stacks }) => [hold, stacks.length]).sort()).toEqual([
      ...[
        ['everything', 3],
        ['settings', 1],
      ],
    ]);
    const question = await at.asked();
    await at.plane(narrow).confirm(question?.id ?? '', question?.digest ?? '', 'ops');
    expect(await reported(region('eu-west-1'), narrow)).toBe('ok');
    expect(await reported(`account-${two}`, narrow)).toMatch(/^requeueAfter: a person has to confirm/);
  });

  test('is not created for a new account', async () => {
    at.state.accounts.set('300000000009', 'ACTIVE');
    const settings = { ...narrow, exclude: ['300000000009'] };
    await at.list(settings);
    const accounts = [{ id: '300000000009', parents: ['r-root'] }];
    expect(await at.plane(settings).covered(accounts)).toEqual([]);
    expect(await reported('account-300000000009', settings)).toBe('ok');
  });

  test('also waits when an older release recorded no scope', async () => {
    await database.query(`delete from fact`);
    const { keysToEnqueue: enqueue } = await at.list({ ...wide, ...withoutOne });
    expect(enqueue).toEqual([]);
    expect((await at.asked())?.stacks).toHaveLength(3);
  });

  test('also waits when the settings of a command created it', async () => {
    await at.list({ ...wide, exclude: [two] }, 0); // the confirmed scope covers it still
    await at.plane(wide).note({ id: 'o', managementAccountId: hub, units: [], accounts: [] });
    expect((await at.list({ ...wide, exclude: [one, two] })).keysToEnqueue).toEqual([]);
    expect((await at.asked())?.stacks).toHaveLength(5);
  });
});

describe('after the correction', () => {
  test('the question ends, and the stacks are in scope again', async () => {
    await at.list(narrow);
    expect(await at.list(wide)).toMatchObject({ keysToEnqueue: [], held: undefined });
    expect((await at.store.confirmations.list()).map(({ state }) => state)).toEqual(['superseded']);
    expect(await at.store.offboarding.open()).toEqual([]);
  });

  test('every account with Regions in scope again is reconciled at once', async () => {
    await at.narrow(narrow);
    for (const key of europe) await reported(key, narrow);
    at.state.enqueued.length = 0;
    restart();
    await at.list(wide);
    expect([...at.state.enqueued].sort()).toEqual([`account-${hub}`, account, `account-${two}`].sort());
    expect(at.state.urgency).toEqual([50]);
    at.state.enqueued.length = 0;
    await at.list(wide);
    expect(at.state.enqueued).toEqual([]);
  });

  test('an account with some stacks destroyed is reconciled at once', async () => {
    const excluding = { ...wide, ...withoutOne };
    await at.narrow(excluding);
    expect(await reported(region('us-east-1'), excluding)).toBe('ok');
    at.state.enqueued.length = 0;
    await at.list(wide);
    expect(at.state.enqueued).toContain(account);
    expect(await reported(region('eu-west-1'), wide)).toBeUndefined();
  });
});

describe('a setting that names a unit or an account that does not exist', () => {
  const broken = { ...wide, organizationalUnits: ['ou-root-gone'] };
  test('keeps the last confirmed scope and deletes nothing, not even what was confirmed', async () => {
    await at.narrow({ ...wide, ...withoutOne });
    await expect(at.list(broken)).rejects.toThrow(/ou-root-gone, .*the last confirmed scope is kept/);
    expect(await reported(region('eu-west-1', two), broken)).toBeUndefined();
    at.state.accounts.delete(two);
    await expect(at.list(broken)).rejects.toThrow('ou-root-gone');
    expect(await reported(region('eu-west-1', two), broken)).toMatch(/^requeueAfter: .*nothing is deleted/);
    expect(at.state.destroyed).toEqual([]);
    expect((await at.plane(broken).scope()).wrong).toContain('ou-root-gone');
  });

  test('covers new accounts by the confirmed scope', async () => {
    await expect(at.list(broken)).rejects.toThrow('ou-root-gone');
    const accounts = [{ id: '300000000009', parents: ['r-root'] }];
    expect(await at.plane(broken).covered(accounts)).toEqual(accounts);
  });

  test('creates and deletes nothing when no scope was confirmed', async () => {
    await database.query('delete from fact');
    await expect(at.list(broken)).rejects.toThrow('nothing new is covered, and nothing is deleted');
    const accounts = [one, '300000000009'].map((id) => ({ id, parents: ['r-root'] }));
    expect((await at.plane(broken).covered(accounts)).map(({ id }) => id)).toEqual([one]);
    expect(await reported(account, broken)).toBeUndefined();
    at.state.accounts.set('300000000009', 'ACTIVE');
    await expect(at.list(broken)).rejects.toThrow();
    expect(await reported('account-300000000009', broken)).toMatch(
      /^requeueAfter: PORTCULLIS_ORGANIZATIONAL_UNITS/,
    );
  });
});

describe('in layout account', () => {
  const layout = 'account' as const;
  beforeEach(async () => {
    await emptied(database);
    at = createOffboardingWorld(database);
    await at.onboard(one);
    await at.store.accounts.setRegions(
      one,
      wide.regions.map((name) => ({ region: name, trail: { covered: 'unknown', reason: '' } as never })),
    );
    await at.list({ ...wide, layout });
  });
  const covered = async (settings: typeof wide) => {
    const record = await at.store.accounts.get(one);
    if (!record) throw new Error('no such account');
    return wide.regions.filter(await at.plane({ ...settings, layout }).coveredRegions(record));
  };

  test('a Region inside the account stack also waits, and is removed by the next update', async () => {
    await at.list({ ...narrow, layout });
    expect((await at.asked())?.stacks).toMatchObject([{ key: region('eu-west-1'), region: 'eu-west-1' }]);
    expect(await covered(narrow)).toEqual(wide.regions);
    const { keysToEnqueue: enqueue } = await at.narrow({ ...narrow, layout });
    expect(enqueue).toEqual([account]);
    expect(await covered(narrow)).toEqual(['us-east-1']);
    await at.plane({ ...narrow, layout }).left(one, ['us-east-1']);
    expect(await at.store.offboarding.open()).toEqual([]);
  });
});
