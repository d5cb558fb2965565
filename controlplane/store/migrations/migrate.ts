import { PortcullisError } from '../../settings/errors.ts';
import { migrations } from './list.ts';

/** One statement without parameters; its rows. */
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

/** Brings the schema up to date, all of it or nothing. */
export async function migrateInTransaction(run: Executor): Promise<void> {
  await run('begin');
  try {
    await migrate(run);
    await run('commit');
  } catch (error) {
    await run('rollback').catch(() => undefined); // a lost connection has rolled back by itself
    throw error;
  }
}
