import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, inject, type TestContext, test } from 'vitest';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../controlplane/store/store.ts';
import '../database-run.ts';

/** A migrated database for the tests of one file, of the engine that `TEST_DATABASE` names. */
interface FileDatabase {
  /** A directory for the file's tests alone. */
  readonly data: string;
  readonly database: Database;
  readonly store: Store;
  close(): Promise<void>;
}

const unexpected = (error: Error) => {
  throw error;
};

/** Skips the test where the run's engine is not installed; fails it in CI. */
function needEngine({ skip }: Pick<TestContext, 'skip'>): void {
  const { engine, postgres } = inject('database');
  if (engine === 'pglite' || postgres) return;
  if (process.env.CI) throw new Error('initdb and postgres are not installed: CI has to have them');
  skip('initdb and postgres are not installed');
}

/** The address of a new database on the run's Postgres: empty, or a copy of the migrated one. */
async function createPostgres(template?: string): Promise<string> {
  const { postgres } = inject('database');
  if (!postgres) throw new Error('the run has no Postgres');
  const url = new URL(postgres.url);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  url.pathname = `/test_${randomUUID().replaceAll('-', '')}`;
  const copied = template ? ` template ${template}` : '';
  await client.query(`create database ${url.pathname.slice(1)}${copied}`).finally(() => client.end());
  return url.href;
}

async function openForFile(): Promise<FileDatabase> {
  const { engine, image, postgres } = inject('database');
  const data = await mkdtemp(join(tmpdir(), 'portcullis-database-'));
  if (engine === 'pglite' && image) await cp(image, data, { recursive: true });
  const databaseUrl = engine === 'postgres' ? await createPostgres(postgres?.template) : undefined;
  const database = await openDatabase({ databaseUrl, data }, unexpected);
  const close = async () => {
    await database.close();
    await rm(data, { recursive: true, force: true });
  };
  return { data, database, store: openStore(database), close };
}

/** Empties every table, those that refuse it as well, and begins every count at one. */
async function empty({ query }: Pick<Database, 'query'>): Promise<void> {
  const tables = await query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname = 'public' and tablename <> 'portcullis_schema' or schemaname = 'queue' and tablename = 'job'`,
  );
  const names = tables.map(({ name }) => name).join(', ');
  await query(`do $$ begin
    perform set_config('session_replication_role', 'replica', true);
    truncate ${names} restart identity cascade;
  end $$`);
}

/** Tests with a database each: open for the file, empty for the test. */
export const databaseTest = test
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads which fixtures this one needs from its pattern
  .extend('opened', { scope: 'file' }, async ({}, { onCleanup }) => {
    const { engine, postgres } = inject('database');
    if (engine === 'postgres' && !postgres) return undefined;
    const opened = await openForFile();
    onCleanup(opened.close);
    return opened;
  })
  .extend('database', async ({ opened, skip }) => {
    needEngine({ skip });
    if (!opened) throw new Error('the database was not opened');
    await empty(opened.database);
    return opened.database;
  })
  .extend('store', ({ database }) => openStore(database));

export interface Place {
  /** The database of these tests, the same each time; closed again at the end. */
  open(): Promise<Database>;
  /** Several starts at the same moment on a database that is still empty; one where it bears one at a time. */
  openTogether(): Promise<Database[]>;
  /** Skips the test where this database is not to be had; fails it in CI. */
  need(context: TestContext): void;
}

/** The same tests over PGlite and over Postgres: a run has one of them, as `TEST_DATABASE` says. */
export function onBothDatabases(body: (place: Place, kind: Database['kind']) => void): void {
  const { engine } = inject('database');
  describe(engine === 'pglite' ? 'on PGlite' : 'on Postgres', () => {
    let opened: Promise<FileDatabase> | undefined;
    const closing: (() => Promise<unknown>)[] = [];
    afterAll(async () => {
      await (await opened)?.close();
      for (const close of closing) await close();
    });
    const open = async () => {
      opened ??= openForFile();
      return (await opened).database;
    };
    const openTogether = async () => {
      if (engine === 'postgres') {
        const databaseUrl = await createPostgres();
        return Promise.all([1, 2, 3, 4, 5].map(() => openDatabase({ databaseUrl, data: '' }, unexpected)));
      }
      const data = await mkdtemp(join(tmpdir(), 'portcullis-database-'));
      const database = await openDatabase({ databaseUrl: undefined, data }, unexpected);
      closing.push(database.close, () => rm(data, { recursive: true, force: true }));
      return [database];
    };
    body({ open, openTogether, need: needEngine }, engine);
  });
}

/** A database for the tests of a file: given before the first of them, deleted after the last. */
export function embeddedDatabase(give: (opened: FileDatabase) => void): void {
  let opened: FileDatabase | undefined;
  beforeAll(async () => {
    const { engine, postgres } = inject('database');
    if (engine === 'postgres' && !postgres) return;
    opened = await openForFile();
    give(opened);
  }, 60_000);
  beforeEach(needEngine);
  afterAll(() => opened?.close());
}
