import { PortcullisError } from '../../settings/errors.ts';
import { migrations } from './list.ts';

/** One statement without parameters; its rows. */
type Executor = <Row>(sql: string) => Promise<Row[]>;

/** Any number, the same in every process: the advisory lock that a migration holds. */
const migrationLock = 6_821_004;

/** Versions before the initial schema recorded their migrations in another table. */
async function refuseEarlierVersion(run: Executor): Promise<void> {
  const [found] = await run<{ table: string | null }>(
    `select to_regclass('portcullis_schema')::text as table`,
  );
  if (!found?.table) return;
  throw new PortcullisError(
    'data-unusable',
    'an earlier version of Portcullis made the database, and this version cannot use it; nothing was changed in it. ' +
      'Give the service a new database: set DATABASE_URL to an empty one, or, without DATABASE_URL, move the directory ' +
      '`database` out of PORTCULLIS_DATA. Then run `portcullis take-over`, which adopts the hub (docs/backup.md)',
  );
}

/** Applies what is missing, all in one transaction under an advisory lock, so that two starts do not race. */
async function migrate(run: Executor): Promise<void> {
  await run(`select pg_advisory_xact_lock(${migrationLock})`);
  await refuseEarlierVersion(run);
  await run(
    'create table if not exists portcullis_migration (name text primary key, applied_at timestamptz not null)',
  );
  const applied = (await run<{ name: string }>('select name from portcullis_migration')).map(
    ({ name }) => name,
  );
  const unknown = applied.filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new PortcullisError(
      'store-unreachable',
      `a newer version of Portcullis migrated the database (${unknown.join(', ')}); run the newer version`,
    );
  }
  for (const { name, sql } of migrations) {
    if (applied.includes(name)) continue;
    await run(sql);
    await run(`insert into portcullis_migration values ('${name}', now())`);
  }
}

/** Brings the schema up to date, all of it or nothing. */
export async function migrateInTransaction(run: Executor): Promise<void> {
  await run('begin');
  try {
    await migrate(run);
    await run('commit');
  } catch (error) {
    await run('rollback').catch(() => undefined); // a lost connection has rolled back already
    throw error;
  }
}
