import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { inject, type TestContext, test } from 'vitest';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../controlplane/store/store.ts';
import '../database-run.ts';

/** A migrated database for the tests of one file, of the engine that `TEST_DATABASE` names. */
export interface FileDatabase {
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

/** The address of a copy of the migrated database on the run's Postgres. */
async function createPostgres(): Promise<string> {
  const { postgres } = inject('database');
  if (!postgres) throw new Error('the run has no Postgres');
  const url = new URL(postgres.url);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  url.pathname = `/test_${randomUUID().replaceAll('-', '')}`;
  await client
    .query(`create database ${url.pathname.slice(1)} template ${postgres.template}`)
    .finally(() => client.end());
  return url.href;
}

/** A copy of the run's migrated database, and a directory. */
async function copyDatabase() {
  const { engine, image } = inject('database');
  const data = await mkdtemp(join(tmpdir(), 'portcullis-database-'));
  if (engine === 'pglite' && image) await cp(image, data, { recursive: true });
  const databaseUrl = engine === 'postgres' ? await createPostgres() : undefined;
  return { data, databaseUrl };
}

async function openForFile(): Promise<FileDatabase> {
  const { data, databaseUrl } = await copyDatabase();
  const database = await openDatabase({ databaseUrl, data }, unexpected);
  const close = async () => {
    await database.close();
    await rm(data, { recursive: true, force: true });
  };
  return { data, database, store: openStore(database), close };
}

/** Empties the tables that hold rows, those that refuse it as well, and begins their counts at one. */
const empty = ({ query }: Pick<Database, 'query'>) =>
  query(`do $$
    declare name text; filled boolean;
    begin
      perform set_config('session_replication_role', 'replica', true);
      for name in select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname = 'public' and tablename <> 'portcullis_migration' or schemaname = 'queue' and tablename = 'job'
      loop
        execute 'select exists (select 1 from ' || name || ')' into filled;
        if filled then execute 'truncate ' || name || ' restart identity cascade'; end if;
      end loop;
    end $$`);

/** A migrated database that is not open, for a test of what the start of the service does to it. */
interface NewDatabase {
  /** One start of the service on it. */
  open(): Promise<Database>;
  /** One statement by the driver alone, which changes nothing else. */
  raw(sql: string): Promise<unknown[]>;
}

async function newDatabase(onCleanup: (clean: () => Promise<void>) => void): Promise<NewDatabase> {
  const { data, databaseUrl } = await copyDatabase();
  const opened: Database[] = [];
  onCleanup(async () => {
    for (const { close } of opened) await close();
    await rm(data, { recursive: true, force: true });
  });
  return {
    async open() {
      const database = await openDatabase({ databaseUrl, data }, unexpected);
      opened.push(database);
      return database;
    },
    async raw(sql) {
      if (!databaseUrl) {
        const lite = await PGlite.create(join(data, 'database'));
        return (await lite.query(sql).finally(() => lite.close())).rows;
      }
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      return (await client.query(sql).finally(() => client.end())).rows;
    },
  };
}

export const databaseEngine = (): Database['kind'] => inject('database').engine;

/**
 * Tests with a database of the engine that `TEST_DATABASE` names: `database` with its `store` is open for the file and
 * empty for each test, `kept` is the same with what earlier tests of the file left, and `own` is a new one for the test.
 */
export const databaseTest = test
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads which fixtures this one needs from its pattern
  .extend('opened', { scope: 'file' }, async ({}, { onCleanup }) => {
    const { engine, postgres } = inject('database');
    if (engine === 'postgres' && !postgres) return undefined;
    const opened = await openForFile();
    onCleanup(opened.close);
    return opened;
  })
  .extend('kept', ({ opened, skip }) => {
    needEngine({ skip });
    if (!opened) throw new Error('the database was not opened');
    return opened;
  })
  .extend('given', async ({ kept }) => {
    await empty(kept.database);
    return kept;
  })
  .extend('database', ({ given }) => given.database)
  .extend('store', ({ given }) => given.store)
  .extend('own', ({ skip }, { onCleanup }) => {
    needEngine({ skip });
    return newDatabase(onCleanup);
  });
