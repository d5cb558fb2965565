import { expect } from 'vitest';
import { migrations } from '../../../../../controlplane/store/migrations/list.ts';
import { databaseEngine, databaseTest as test } from '../../../../worlds/database.ts';

test('several starts at once apply each migration once', async ({ own }) => {
  for (const sql of ['drop schema public cascade', 'create schema public']) await own.raw(sql);
  // PGlite supports one process at a time.
  const starts = databaseEngine() === 'postgres' ? [1, 2, 3, 4, 5] : [1];
  const opened = await Promise.all(starts.map(() => own.open()));
  for (const { query } of opened) {
    const applied = await query('select name from portcullis_migration order by applied_at');
    expect(applied).toEqual(migrations.map(({ name }) => ({ name })));
    expect(await query('select 1 from account')).toEqual([]);
  }
});

test('a database of an earlier version is refused with what to do, and stays as it was', async ({ own }) => {
  for (const sql of [
    'drop table portcullis_migration, deletion',
    'create table portcullis_schema as select n as version, now() as applied_at from generate_series(1, 11) n',
  ])
    await own.raw(sql);
  const contents = async () => [
    await own.raw(
      `select table_name, column_name from information_schema.columns where table_schema = 'public' order by 1, 2`,
    ),
    await own.raw('select * from portcullis_schema'),
  ];
  const before = await contents();
  await expect(own.open()).rejects.toMatchObject({
    code: 'data-unusable',
    message: expect.stringMatching(/earlier version .* new database: .* `portcullis take-over`/),
  });
  expect(await contents()).toEqual(before);
});

test('a database that a newer version migrated is refused, and the migration is named', async ({ own }) => {
  await own.raw(`insert into portcullis_migration values ('from-tomorrow', now())`);
  await expect(own.open()).rejects.toThrow(/newer version .* \(from-tomorrow\); run the newer version/);
});
