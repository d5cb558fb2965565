import { expect } from 'vitest';
import { fillFleet } from '../../../../bench/fleet-sample.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const status = async () => (await world.ask('/v1/status')).body;
const observing = parsePolicy('version: 1\nrules: [{ name: all, match: {}, mode: observe }]');

test('a cell is protected with its stack ready, a covering trail and a mode that revokes; else observed', async ({
  database,
}) => {
  await fillFleet(database.query, 2, 2);
  const all = { cells: 4, protected: 4, observed: 0, notCovered: 0, notChecked: 0, accountsNotRead: 0 };
  expect((await status()).protection).toEqual(all);
  world.policy = async () => observing;
  const observed = await status();
  expect(observed).toMatchObject({ policy: { mode: 'observe', since: null } });
  expect(observed.protection).toEqual({ ...all, protected: 0, observed: 4 });
});

test('what is not covered, and what was not or could not be read, is counted apart', async ({
  database: { query },
}) => {
  await fillFleet(query, 5, 2);
  const trail = (id: number, text: string) =>
    query(`update account set regions = jsonb_set(regions, '{0,trail}', $2) where id = $1`, [
      String(300000000000 + id),
      text,
    ]);
  const ready = (id: number, text: string) =>
    query(`update stack set conditions = $2 where key = $1`, [`region-${300000000000 + id}-eu-west-1`, text]);
  await trail(1, '{"covered": false, "reason": "none"}');
  await trail(2, '{"covered": "unknown", "reason": "denied"}');
  await ready(
    3,
    '{"Ready": {"status": "False", "reason": "Failed", "message": "broke", "since": "2026-03-02T09:15:00Z"}}',
  );
  await ready(4, '{}');
  await query(`update account set regions = '[]' where id = '300000000005'`);
  expect((await status()).protection).toEqual({
    ...{ cells: 8, protected: 4, observed: 0, notCovered: 2, notChecked: 2, accountsNotRead: 1 },
  });
});

test('accounts that are not active, or that the settings leave out, count as no cell', async ({
  database: { query },
}) => {
  await fillFleet(query, 3, 2);
  await query(`update account set state = 'SUSPENDED', conditions = '{}' where id = '300000000001'`);
  const left =
    '{"Ready": {"status": "False", "reason": "OutOfScope", "message": "left out", "since": "2026-03-02T09:15:00Z"}}';
  await query(`update account set conditions = $1 where id = '300000000002'`, [left]);
  await query(`update stack set conditions = '{}' where account_id <> '300000000003'`);
  const seen = await status();
  expect(seen.protection).toMatchObject({ cells: 2, protected: 2 });
  expect(seen.total).toMatchObject({ accounts: 3, accountsReady: 1, accountsOutOfScope: 1 });
  expect(seen.remarks).toEqual([]);
});

test('a stack of an account that left is listed once it is given up', async ({ database: { query } }) => {
  await fillFleet(query, 2, 1);
  await query(`update account set state = 'DEPARTED' where id = '300000000001'`);
  const failed = { reason: 'FailedRepeatedly', message: 'could not be destroyed: no', since: '2026-03-02' };
  const setStalled = (status: string) =>
    query(`update stack set conditions = $1 where key = 'account-300000000001'`, [
      JSON.stringify({ Stalled: { ...failed, status } }),
    ]);
  await setStalled('False');
  expect((await status()).remarks).toEqual([]);
  await setStalled('True');
  expect((await status()).remarks).toEqual([
    { about: 'account-300000000001', what: 'not ready', message: 'could not be destroyed: no' },
  ]);
});

test('up to fifty accounts have a group each; with more, each organizational unit has one', async ({
  database: { query },
}) => {
  await fillFleet(query, 50, 1);
  const few = await status();
  expect(few.groups).toHaveLength(50);
  expect(few.groups[0]).toMatchObject({
    account: { id: expect.any(String), state: 'ACTIVE' },
    cells: 1,
    covered: 1,
  });
  await query('truncate account, stack, cell_verification');
  await fillFleet(query, 51, 2);
  const many = await status();
  expect(many.groups).toHaveLength(40);
  expect(many.groups.every(({ account }: { account: unknown }) => account === null)).toBe(true);
  const sum = (name: 'accounts' | 'cells' | 'stacks') =>
    many.groups.reduce((all: number, group: Record<string, number>) => all + (group[name] ?? 0), 0);
  expect([sum('accounts'), sum('cells'), sum('stacks')]).toEqual([51, 102, 153]);
  expect(many.total).toMatchObject({
    accounts: 51,
    cells: 102,
    stacks: 153,
    stacksReady: 153,
    verified: 102,
  });
  expect(many.total).toMatchObject({
    ...{ earliestVerifiedAt: '2026-03-02T09:16:00.000Z', lastVerifiedAt: '2026-03-02T09:17:00.000Z' },
  });
});

test('what is unhealthy is listed by account, at most fifty, with how many more there are', async ({
  database: { query },
}) => {
  await fillFleet(query, 60, 1);
  expect(await status()).toMatchObject({ remarks: [], moreRemarks: 0 });
  await query(
    `update cell_verification set failed_at = now(), message = 'no trail' where account_id = '300000000002'`,
  );
  await query(
    `update stack set conditions = conditions || '{"Drifted": {"status": "True", "reason": "DriftFound", "message": "rule deleted", "since": "2026-03-02T09:15:00Z"}}' where key = 'account-300000000002'`,
  );
  await query(`update account set conditions = '{}' where id = '300000000001'`);
  expect((await status()).remarks).toEqual([
    { about: '300000000001', what: 'not ready', message: 'never reconciled' },
    { about: 'account-300000000002', what: 'drifted', message: 'rule deleted' },
    { about: '300000000002 eu-west-1', what: 'not verified', message: 'no trail' },
  ]);
  await query(`update stack set conditions = '{}' where kind = 'region'`);
  const seen = await status();
  expect([seen.remarks.length, seen.moreRemarks]).toEqual([50, 13]);
});

test('an escalated rule that is open, the hub and a warning about a trail are named', async ({
  database: { query },
}) => {
  await fillFleet(query, 1, 1);
  await world.store.remediations.append(
    remediation({ outcome: 'escalated', time: new Date().toISOString() }),
  );
  await query(
    `update account set regions = jsonb_set(regions, '{0,trail,warnings}', '[{"cause": "redundant"}]'),
       conditions = jsonb_set(conditions, '{TrailsCovered,message}', '"1 Regions; logs are not delivered"')`,
  );
  await query(`delete from stack where key = 'hub'`);
  expect(await status()).toMatchObject({
    ...{ openEscalations: 1, escalations: [{ region: expect.any(String) }], hub: null },
    warnings: [{ about: '300000000001', what: 'trail warning', message: 'logs are not delivered' }],
  });
});

test('without any account the counts are zero', async ({ store }) => {
  expect((await store.fleet.status('region')).total).toMatchObject({
    accounts: 0,
    cells: 0,
    covered: 0,
  });
  expect((await status()).groups).toEqual([]);
});
