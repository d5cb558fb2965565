import { describe, expect } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import type { createOffboardingWorld } from '../../../worlds/offboarding.ts';
import { narrow, offboardingScene, one, region, wide } from './scene.ts';

let database: Database;
let at: ReturnType<typeof createOffboardingWorld>;
const { reported, restart } = offboardingScene((world, given) => {
  at = world;
  database = given;
}, wide);

describe('the deletions of a day', () => {
  const leaving = { ...wide, exclude: ['ou-root-old'] };
  /** Moves one out of scope, deletes its three stacks, moves it back and recreates them. */
  const round = async () => {
    at.state.units.set(one, 'ou-root-old');
    const { held, keysToEnqueue: enqueue } = await at.list(leaving, 0.01);
    for (const key of enqueue) await reported(key, leaving);
    at.state.units.delete(one);
    await at.list(leaving, 0.01);
    if (!held) await at.onboard(one, 'us-east-1', 'eu-west-1');
    return held;
  };

  test('each count, even for recreated stacks and across a restart', async () => {
    await at.list(leaving);
    expect([await round(), await round()]).toEqual([undefined, undefined]);
    restart();
    expect(await round()).toBeUndefined();
    expect(at.state.destroyed).toHaveLength(9);
    expect(await round()).toContain('12 stacks would be destroyed within a day, which is more than 10');
    expect(at.state.destroyed).toHaveLength(9);
    await at.list(leaving, 25);
    expect(await round()).toBeUndefined();
  });

  test('are in an append-only record', async () => {
    await at.list(leaving);
    await round();
    await expect(database.query('delete from deletion')).rejects.toThrow('append-only');
    await expect(database.query(`update deletion set at = now()`)).rejects.toThrow('append-only');
  });

  test('count once when they fail and are retried', async () => {
    await at.list(leaving);
    at.state.units.set(one, 'ou-root-old');
    await at.list(leaving);
    at.state.broken.add(region('eu-west-1'));
    for (let times = 0; times < 4; times += 1) await reported(region('eu-west-1'), leaving);
    expect(await database.query('select key from deletion')).toEqual([{ key: region('eu-west-1') }]);
  });
});

test('a destroyed cell is no longer verified, and its open canaries end', async () => {
  const cells = [
    { accountId: one, region: 'eu-west-1' },
    { accountId: one, region: 'us-east-1' },
  ];
  const request = async (id: string) => {
    await at.store.cellVerifications.request({ id, scope: {}, requestedBy: 'a test' }, cells);
    return at.store.cellVerifications.canaries(id);
  };
  for (const { id } of await request('00000000-0000-4000-8000-000000000001'))
    await at.store.cellVerifications.end(id, {
      ...{ state: 'verified', kind: 'end-to-end', milliseconds: 1, recordedMilliseconds: 2, message: null },
    });
  await request('00000000-0000-4000-8000-000000000002');
  await at.narrow(narrow);
  expect(await reported(region('eu-west-1'), narrow)).toBe('ok');
  expect(
    (await at.store.cellVerifications.list()).map((cellVerification) => cellVerification.region),
  ).toEqual(['us-east-1']);
  const open = await at.store.cellVerifications.canaries('00000000-0000-4000-8000-000000000002');
  expect(open.map(({ region: of, state }) => `${of} ${state}`)).toEqual([
    ...['eu-west-1 failed', 'us-east-1 waiting'],
  ]);
  const record = await at.store.accounts.get(one);
  expect(record?.regions.map(({ region: name }) => name)).toEqual(['us-east-1']);
  expect(record?.conditions.Verified).toMatchObject({ status: 'True', message: '1 Regions' });
});
