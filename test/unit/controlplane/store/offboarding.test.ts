import { describe, expect } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createOffboardingWorld } from '../../../worlds/offboarding.ts';

const id = (index: number) => `3000000000${String(index).padStart(2, '0')}`;

let at: ReturnType<typeof createOffboardingWorld>;
let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
  at = createOffboardingWorld(database);
}, 60_000);
const onboardMany = async (count: number, settings = {}) => {
  for (let index = 0; index < count; index += 1) await at.onboard(id(index), 'eu-west-1');
  await at.list(settings);
};
const confirmations = () => at.store.confirmations.list();
const states = async () => (await confirmations()).map(({ state }) => state);

describe('a listing', () => {
  test('of an organization that is as it was lets nothing go', async () => {
    await onboardMany(3);
    expect(await at.list()).toEqual({ keysToEnqueue: [], held: undefined, remarks: [] });
  });

  test('that lacks one account lets its stacks go, the Region first', async () => {
    await onboardMany(4);
    at.state.accounts.delete(id(0));
    const { keysToEnqueue: enqueue, held } = await at.list();
    expect(enqueue).toEqual([`region-${id(0)}-eu-west-1`, `account-${id(0)}`]);
    expect(held).toBeUndefined();
  });

  test('that lacks half of the accounts lets nothing go until a person confirms exactly that', async () => {
    await onboardMany(4);
    at.state.accounts.delete(id(0));
    at.state.accounts.set(id(1), 'SUSPENDED');
    const { keysToEnqueue: enqueue, held } = await at.list();
    expect(enqueue).toEqual([]);
    expect(held).toMatch(
      /a person has to confirm: destroy 2 stacks in 1 account; archive .* 2 stacks in 1 acc/,
    );
    expect(held).toContain('2 of 4 accounts are no longer active');
    const [asked] = await confirmations();
    expect(asked).toMatchObject({ state: 'open', hold: 'everything' });
    expect(asked?.stacks.map(({ key, accountName }) => `${key} ${accountName}`)).toEqual([
      ...[`account-${id(0)} n${id(0)}`, `account-${id(1)} n${id(1)}`],
      ...[`region-${id(0)}-eu-west-1 n${id(0)}`, `region-${id(1)}-eu-west-1 n${id(1)}`],
    ]);
    await at.plane().confirm(asked?.id ?? '', asked?.digest ?? '', 'ops');
    expect(at.state.enqueued).toHaveLength(4);
    expect((await at.list()).keysToEnqueue).toHaveLength(4);
    expect(await confirmations()).toMatchObject([{ state: 'confirmed', decidedBy: 'ops' }]);
  });

  test('that is whole again takes the question back', async () => {
    await onboardMany(4);
    at.state.accounts.delete(id(0));
    at.state.accounts.delete(id(1));
    await at.list();
    at.state.accounts.set(id(0), 'ACTIVE').set(id(1), 'ACTIVE');
    expect(await at.list()).toMatchObject({ keysToEnqueue: [], held: undefined });
    expect(await states()).toEqual(['superseded']);
    expect(await at.store.offboarding.open()).toEqual([]);
  });

  test('that lacks still more asks again, and what was asked before cannot be confirmed', async () => {
    await onboardMany(6);
    for (const index of [0, 1]) at.state.accounts.delete(id(index));
    await at.list();
    const [first] = await confirmations();
    at.state.accounts.delete(id(2));
    await at.list();
    expect(await states()).toEqual(['open', 'superseded']);
    await expect(at.plane().confirm(first?.id ?? '', first?.digest ?? '', 'ops')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is superseded'),
    });
  });

  test('read again and again asks once', async () => {
    await onboardMany(4);
    for (const index of [0, 1]) at.state.accounts.delete(id(index));
    for (let times = 0; times < 3; times += 1)
      expect((await at.list()).held).toContain('a person has to confirm');
    expect(await states()).toEqual(['open']);
  });

  test('after others that each lacked a little counts a day together', async () => {
    await onboardMany(20);
    at.state.accounts.delete(id(0));
    at.state.accounts.delete(id(1));
    expect((await at.list()).keysToEnqueue).toHaveLength(4);
    at.state.accounts.delete(id(2));
    const { keysToEnqueue: enqueue, held } = await at.list();
    expect(held).toContain('3 of 20 accounts');
    expect(enqueue).toEqual([]);
  });
});

describe('many deletions', () => {
  const outOfScope = { exclude: ['ou-root-old'] };
  test('wait for a person, and accounts that left do not', async () => {
    await onboardMany(8, outOfScope);
    for (let index = 0; index < 6; index += 1) at.state.units.set(id(index), 'ou-root-old');
    at.state.accounts.set(id(7), 'SUSPENDED');
    const { keysToEnqueue: enqueue, held } = await at.list(outOfScope);
    expect(held).toContain('12 stacks would be destroyed within a day, which is more than 10');
    expect(enqueue).toEqual([`region-${id(7)}-eu-west-1`, `account-${id(7)}`]);
    const [asked] = await confirmations();
    expect(asked).toMatchObject({ hold: 'deletions', about: 'destroy 12 stacks in 6 accounts' });
  });

  test('wait as well where they come slowly: a day is counted together', async () => {
    await onboardMany(8, outOfScope);
    const move = (from: number, to: number) => {
      for (let index = from; index < to; index += 1) at.state.units.set(id(index), 'ou-root-old');
    };
    move(0, 5);
    expect((await at.list(outOfScope)).keysToEnqueue).toHaveLength(10);
    for (const key of await at.stacks()) await at.reconcile(key, outOfScope);
    for (const key of await at.stacks()) await at.reconcile(key, outOfScope);
    expect(await at.stacks()).toHaveLength(6);
    move(5, 6);
    expect((await at.list(outOfScope)).held).toContain('12 stacks');
    const later = await at.list(outOfScope, 25);
    expect(later.held).toBeUndefined();
    expect(later.keysToEnqueue).toHaveLength(2);
    expect(await states()).toEqual(['superseded']);
  });

  test('that a person confirmed do not count against later ones', async () => {
    await onboardMany(8, outOfScope);
    for (let index = 0; index < 6; index += 1) at.state.units.set(id(index), 'ou-root-old');
    await at.list(outOfScope);
    const [asked] = await confirmations();
    await at.plane(outOfScope).confirm(asked?.id ?? '', asked?.digest ?? '', 'ops');
    at.state.units.set(id(6), 'ou-root-old');
    const { keysToEnqueue: enqueue, held } = await at.list(outOfScope);
    expect(held).toBeUndefined();
    expect(enqueue).toHaveLength(14);
  });
});

describe('a question', () => {
  const ask = async () => {
    await onboardMany(4);
    for (const index of [0, 1]) at.state.accounts.delete(id(index));
    await at.list();
    const [asked] = await confirmations();
    if (!asked) throw new Error('not asked');
    return asked;
  };

  test('is answered by its digest alone', async () => {
    const asked = await ask();
    const wrong = at.plane().confirm(asked.id, 'f00d', 'ops');
    await expect(wrong).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('digest'),
    });
    await expect(at.plane().refuse('00000000-0000-4000-8000-000000000000', 'x', 'ops')).rejects.toMatchObject(
      {
        code: 'not-found',
      },
    );
  });

  test('confirmed twice is confirmed once', async () => {
    const { id: asked, digest } = await ask();
    await at.plane().confirm(asked, digest, 'ops');
    expect(await at.plane().confirm(asked, digest, 'else')).toMatchObject({
      state: 'confirmed',
      decidedBy: 'ops',
    });
  });

  test('refused holds, is not asked again about the same, and can still be confirmed', async () => {
    const { id: asked, digest } = await ask();
    await at.plane().refuse(asked, digest, 'ops');
    expect((await at.list()).held).toContain('which was refused');
    expect(await states()).toEqual(['refused']);
    await at.plane().confirm(asked, digest, 'ops');
    expect((await at.list()).keysToEnqueue).toHaveLength(4);
  });

  test('without an answer is asked again once it has expired', async () => {
    await ask();
    await at.list({}, 73);
    expect(await states()).toEqual(['open', 'expired']);
  });

  test('confirmed and not carried out within a day is asked again', async () => {
    const { id: asked, digest } = await ask();
    await at.plane().confirm(asked, digest, 'ops');
    const { keysToEnqueue: enqueue, held } = await at.list({}, 25);
    expect(enqueue).toEqual([]);
    expect(held).toContain('a person has to confirm');
    expect(await states()).toEqual(['open', 'expired']);
  });

  test('leaves its story in the audit log', async () => {
    const { id: asked, digest } = await ask();
    await at.plane().refuse(asked, digest, 'ops');
    await at.plane().confirm(asked, digest, 'boss');
    const lines = (await at.store.audit.list(20)).filter(({ details }) => details.confirmation === asked);
    expect(lines.map(({ who, what }) => `${who}: ${what}`)).toEqual([
      'boss: deletion confirmed',
      'ops: deletion refused',
      'portcullis: deletion held',
    ]);
  });
});

test('a question is published to the alarm topic once', async () => {
  await onboardMany(4);
  for (const index of [0, 1]) at.state.accounts.delete(id(index));
  const alarmTopicArn = 'arn:aws:sns:eu-west-1:222222222222:alarms';
  for (const _ of [1, 2]) await at.list({ alarmTopicArn });
  const [asked] = await confirmations();
  expect(at.state.published).toMatchObject([{ TopicArn: alarmTopicArn }]);
  expect(JSON.stringify(at.state.published)).toContain(`portcullis confirm ${asked?.id}`);
});

test('an account that is out of scope from the first says so', async () => {
  await onboardMany(1);
  at.state.accounts.set(id(5), 'ACTIVE');
  at.state.units.set(id(5), 'ou-root-old');
  await at.list({ exclude: ['ou-root-old'] });
  expect((await at.store.accounts.get(id(5)))?.conditions.Ready?.reason).toBe('OutOfScope');
});

test('a scope that names what does not exist changes nothing', async () => {
  await onboardMany(2);
  const code = 'invalid-environment';
  await expect(at.list({ organizationalUnits: ['ou-root-typo'] })).rejects.toMatchObject({ code });
  expect(await at.store.offboarding.open()).toEqual([]);
});

test('Regions that are not to be covered any more depart by the listing, all in one question', async () => {
  for (let index = 0; index < 11; index += 1) await at.onboard(id(index), 'eu-west-1', 'us-east-1');
  const { held } = await at.list({ regions: ['us-east-1'] });
  expect(held).toContain('destroy 11 stacks in 11 accounts');
  expect(await states()).toEqual(['open']);
});
