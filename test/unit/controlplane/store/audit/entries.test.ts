import { expect } from 'vitest';
import { programVersion, version } from '../../../../../controlplane/stacks/generation.ts';
import type { Store } from '../../../../../controlplane/store/store.ts';
import { auditStage, collect, daysAgo, entry } from '../../../../worlds/audit-stage.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';

const stage = auditStage();

test('a line says who, what, when and by which program', async () => {
  await stage.store.audit.append(entry({ key: 'region-300000000001-eu-west-1', changes: [{ type: 't' }] }));
  const [line] = await stage.store.audit.list(1);
  expect(line).toMatchObject({
    ...{ who: 'ops', what: 'stack changed', serviceVersion: version, programVersion: programVersion() },
    details: { key: 'region-300000000001-eu-west-1', changes: [{ type: 't' }] },
  });
  expect(line?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(Math.abs(Date.parse(line?.at ?? '') - Date.now())).toBeLessThan(60_000);
});

test('lines are found by time, caller, act and account, whether named or meant by a key', async () => {
  await stage.old(3, 'early');
  await stage.store.audit.append(entry({ account: '300000000001' }, 'a'));
  await stage.store.audit.append(entry({ key: 'account-300000000001' }, 'b'));
  await stage.store.audit.append({
    who: 'a',
    what: 'run requested',
    details: { key: 'region-300000000002-x' },
  });
  const whoOf = async (filter: Parameters<Store['audit']['list']>[1]) =>
    (await stage.store.audit.list(10, filter)).map(({ who }) => who);
  expect(await whoOf({ account: '300000000001' })).toEqual(['b', 'a']);
  expect(await whoOf({ account: '300000000002' })).toEqual(['a']);
  expect(await whoOf({ who: 'a' })).toEqual(['a', 'a']);
  expect(await whoOf({ who: 'a', what: 'stack changed' })).toEqual(['a']);
  expect(await whoOf({ until: daysAgo(1) })).toEqual(['early']);
  expect(await whoOf({ since: daysAgo(1) })).toEqual(['a', 'b', 'a']);
});

test('pages of the list go on where the last one ended', async () => {
  for (let n = 1; n <= 5; n += 1) await stage.store.audit.append(entry({ n }));
  const first = await stage.store.audit.list(2);
  const second = await stage.store.audit.list(2, {}, first.at(-1)?.id);
  const third = await stage.store.audit.list(2, {}, second.at(-1)?.id);
  expect([first, second, third].map((lines) => lines.map(({ details }) => details.n))).toEqual([
    [5, 4],
    [3, 2],
    [1],
  ]);
});

test('the export holds each line once, oldest first, over many pages, and goes on after an id', async () => {
  await stage.database.query(
    `insert into audit (at, who, what, details) select now(), 'ops', 'stack changed', jsonb_build_object('n', n)
     from generate_series(1, 2500) as n`,
  );
  const lines = (await collect(stage.store.audit.lines({}))).map((line) => JSON.parse(line));
  expect(lines.map(({ details }) => details.n)).toEqual(Array.from({ length: 2500 }, (_, n) => n + 1));
  await stage.store.audit.append(entry({ n: 'later' }));
  const later = await collect(stage.store.audit.lines({}, lines.at(-1).id));
  expect(later.map((line) => JSON.parse(line).details)).toEqual([{ n: 'later' }]);
});

test.each([
  [`update audit set who = 'me'`],
  ['delete from audit'],
  ['truncate audit'],
  [`update audit_seal set hash = ''`],
  ['delete from audit_seal'],
  ['truncate audit_seal'],
])('refused: %s', async (statement) => {
  await stage.old(400);
  await stage.store.audit.seal();
  await expect(stage.database.query(statement)).rejects.toThrow('append-only');
  expect(await stage.store.audit.check()).toMatchObject({ intact: true, lines: 1 });
});

test('a session that claims to be the retention removes nothing of the last 30 days', async () => {
  await stage.old(29);
  const claiming = stage.database.transaction(async (query) => {
    await query(`select set_config('portcullis.retention', '9223372036854775807', true)`);
    await query('delete from audit');
  });
  await expect(claiming).rejects.toThrow('append-only');
});
