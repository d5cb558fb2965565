import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PGlite } from '@electric-sql/pglite';
import { fromPglite } from 'pg-boss';
import { migrateInTransaction } from '../migrations/migrate.ts';
import { camelCased, type Database, type Query } from './query.ts';

/** PGlite's cache of pages is 128 MB otherwise, which one process with one connection does not need. */
const startParameters = ['-c', 'shared_buffers=16MB'];

/**
 * V8 compiles WebAssembly a second time, optimized, once it is used often. For Postgres that takes up to 550 MB, a part
 * of which the process keeps, and 2 s of a processor; a statement that is mostly parsing and reading a row is a fifth
 * faster afterwards. Such a compilation is left out. This has to come before the first module is made.
 */
function compileOnce(): void {
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}

/**
 * Returns the memory of the Postgres that made a new database and of the one that opened it first: 400 MB, which V8 does
 * not see and so keeps for minutes.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  setFlagsFromString('--no-expose-gc');
}

/** A database in the directory, migrated, in this process alone. */
export async function openPglite(directory: string): Promise<Database> {
  // PGlite gives its files modes of its own: their directory keeps others out.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const isNew = !existsSync(join(directory, 'PG_VERSION'));
  compileOnce();
  const lite = await PGlite.create(directory, {
    startParams: [...PGlite.defaultStartParams, ...startParameters],
  });
  if (isNew) collectGarbage();
  const over =
    (connection: Pick<PGlite, 'query'>): Query =>
    async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      camelCased<Row>((await connection.query<object>(sql, [...parameters])).rows);
  try {
    await migrateInTransaction(async <Row>(sql: string) => (await lite.exec(sql)).at(-1)?.rows as Row[]);
  } catch (error) {
    await lite.close();
    throw error;
  }
  return {
    kind: 'pglite',
    query: over(lite),
    transaction: (work) => lite.transaction((connection) => work(over(connection))),
    queueOptions: { db: fromPglite(lite), backend: 'pglite' },
    close: () => lite.close(),
  };
}
