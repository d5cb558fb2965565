import { join } from 'node:path';
import type { Settings } from '../../settings/environment.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import { openPglite } from './pglite.ts';
import { hostOf, openPostgres } from './postgres.ts';
import type { Database, Query } from './query.ts';

export type { Database, Query };

/**
 * Opens the database, migrated: Postgres where `DATABASE_URL` says so, else PGlite in the data directory. A Postgres that
 * does not answer yet is waited for, `patience` milliseconds long, or until the signal is aborted.
 * @throws PortcullisError `store-unreachable`; it names the host, and never the user or the password. AbortError, whose
 * cause is the signal's reason
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
    if (error instanceof PortcullisError || (error as Error).name === 'AbortError') throw error;
    const where = settings.databaseUrl
      ? `Postgres at ${hostOf(settings.databaseUrl)} (DATABASE_URL)`
      : `PGlite in ${settings.data}`;
    const { code = reasonOf(error) } = error as { code?: string };
    throw new PortcullisError('store-unreachable', `${where} cannot be opened: ${code}`, { cause: error });
  }
}
