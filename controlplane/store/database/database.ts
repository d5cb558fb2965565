import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { fromPglite } from 'pg-boss';
import type { Settings } from '../../settings/environment.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import { migrateInTransaction } from '../migrations/migrate.ts';
import { hostOf, openPostgres } from './postgres.ts';
import { camelCased, type Database, type Query } from './query.ts';

export type { Database, Query };

async function openPglite(directory: string): Promise<Database> {
  // PGlite gives its files modes of its own: their directory keeps others out.
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const lite = await PGlite.create(directory);
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

/**
 * Opens the database, migrated: Postgres where `DATABASE_URL` says so, else PGlite in the data directory. A Postgres that
 * does not answer yet is waited for, `patience` milliseconds long, or until the signal is aborted.
 * @throws PortcullisError `store-unreachable`; it names the host, and never the user or the password.
 */
export async function openDatabase(
  settings: Pick<Settings, 'databaseUrl' | 'data'>,
  warn: (error: Error) => void,
  patience = 60_000,
  signal?: AbortSignal,
): Promise<Database> {
  try {
    return settings.databaseUrl
      ? await openPostgres(settings.databaseUrl, { patience, warn, signal })
      : await openPglite(join(settings.data, 'database'));
  } catch (error) {
    if (error instanceof PortcullisError) throw error;
    const where = settings.databaseUrl
      ? `Postgres at ${hostOf(settings.databaseUrl)} (DATABASE_URL)`
      : `PGlite in ${settings.data}`;
    const { code = reasonOf(error) } = error as { code?: string };
    throw new PortcullisError('store-unreachable', `${where} cannot be opened: ${code}`, { cause: error });
  }
}
