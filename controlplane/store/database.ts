import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { type ConstructorOptions, fromPglite } from 'pg-boss';
import type { Settings } from '../environment.ts';
import { PortcullisError, reasonOf } from '../errors.ts';
import { migrations } from './migrations.ts';

/** One parameterised statement; its rows. */
export type Query = <Row>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

export interface Database {
  readonly kind: 'pglite' | 'postgres';
  readonly query: Query;
  /** All statements that the work makes by the query it is given take effect, or, where it throws, none does. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** What pg-boss needs to keep its queue in the same database. */
  readonly queueOptions: ConstructorOptions;
  close(): Promise<void>;
}

type Executor = <Row>(sql: string) => Promise<Row[]>;

/** Any number, the same in every process: the advisory lock that a migration holds. */
const migrationLock = 6_821_004;

/** Applies what is missing, all in one transaction under an advisory lock, so that two starts do not race. */
async function migrate(run: Executor): Promise<void> {
  await run(`select pg_advisory_xact_lock(${migrationLock})`);
  await run(
    'create table if not exists portcullis_schema (version integer primary key, applied_at timestamptz not null)',
  );
  const [row] = await run<{ version: number }>(
    'select coalesce(max(version), 0) as version from portcullis_schema',
  );
  const applied = Number(row?.version ?? 0);
  if (applied > migrations.length) {
    throw new PortcullisError(
      'store-unreachable',
      `the database is at schema ${applied}, newer than this program's ${migrations.length}; run the newer program`,
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < applied) continue;
    await run(sql);
    await run(`insert into portcullis_schema values (${index + 1}, now())`);
  }
}

async function migrateInTransaction(run: Executor): Promise<void> {
  await run('begin');
  try {
    await migrate(run);
    await run('commit');
  } catch (error) {
    await run('rollback');
    throw error;
  }
}

async function openPglite(directory: string): Promise<Database> {
  await mkdir(directory, { recursive: true });
  const lite = await PGlite.create(directory);
  const over =
    (connection: Pick<PGlite, 'query'>): Query =>
    async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await connection.query<Row>(sql, [...parameters])).rows;
  await migrateInTransaction(async <Row>(sql: string) => (await lite.exec(sql)).at(-1)?.rows as Row[]);
  return {
    kind: 'pglite',
    query: over(lite),
    transaction: (work) => lite.transaction((connection) => work(over(connection))),
    queueOptions: { db: fromPglite(lite), backend: 'pglite' },
    close: () => lite.close(),
  };
}

async function openPostgres(connectionString: string, warn: (error: Error) => void): Promise<Database> {
  const pool = new pg.Pool({ connectionString, max: 10, application_name: 'portcullis' });
  pool.on('error', warn);
  const over =
    (connection: Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>): Query =>
    async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await connection.query(sql, [...parameters])).rows as Row[];
  try {
    const client = await pool.connect();
    try {
      await migrateInTransaction(
        async <Row>(sql: string) => [await client.query(sql)].flat().at(-1)?.rows as Row[],
      );
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    kind: 'postgres',
    query: over(pool),
    async transaction(work) {
      const client = await pool.connect();
      let broken: unknown;
      try {
        await client.query('begin');
        const value = await work(over(client));
        await client.query('commit');
        return value;
      } catch (error) {
        await client.query('rollback').catch((lost) => {
          broken = lost;
        });
        throw error;
      } finally {
        // A connection that cannot even roll back is closed, which rolls back, and never used again.
        client.release(broken !== undefined);
      }
    },
    queueOptions: { db: { executeSql: (sql: string, values?: unknown[]) => pool.query(sql, values) } },
    close: () => pool.end(),
  };
}

/**
 * Opens the database, migrated: Postgres where `DATABASE_URL` says so, else PGlite in the data directory.
 * @throws PortcullisError `store-unreachable`; the address is never part of the message.
 */
export async function openDatabase(
  settings: Pick<Settings, 'databaseUrl' | 'data'>,
  warn: (error: Error) => void,
): Promise<Database> {
  try {
    return settings.databaseUrl
      ? await openPostgres(settings.databaseUrl, warn)
      : await openPglite(join(settings.data, 'database'));
  } catch (error) {
    if (error instanceof PortcullisError) throw error;
    const where = settings.databaseUrl ? 'Postgres at DATABASE_URL' : `PGlite in ${settings.data}`;
    const { code = reasonOf(error) } = error as { code?: string };
    throw new PortcullisError('store-unreachable', `${where} cannot be opened: ${code}`, { cause: error });
  }
}
