import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';
import { migrateInTransaction } from '../migrations/migrate.ts';
import { camelCased, type Database, type Query } from './query.ts';

/** Postgres's codes of a server that is not there, not yet or no more; source: "PostgreSQL Error Codes". */
const gone = /^(08...|57P0[123]|53300|57014|25P03)$/;
/** Node's codes of the same. */
const cut =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ERR_SOCKET_CLOSED)$/;
/** The same in the driver's words, which come without a code. */
const lost =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|not queryable/i;

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '');

/** Whether the database could not be asked, so that asking again may help. */
const isUnreachable = (error: unknown): boolean =>
  gone.test(codeOf(error)) || cut.test(codeOf(error)) || lost.test(reasonOf(error));

/** The error for people: never the driver's message, which names the address. */
const unreachable = (cause: unknown, host?: string): PortcullisError =>
  new PortcullisError(
    'store-unreachable',
    `the database${host ? ` at ${host}` : ''} does not answer: ${codeOf(cause) || 'no connection'}`,
    { cause },
  );

/** Where the server is, without the user and the password of the address. */
export function hostOf(connectionString: string): string {
  if (!URL.canParse(connectionString)) return 'DATABASE_URL';
  const { host, searchParams } = new URL(connectionString);
  return host || (searchParams.get('host') ?? 'its local socket');
}

/** A statement's own mistake stays what it is. */
const describeUnreachable = (error: unknown): unknown => (isUnreachable(error) ? unreachable(error) : error);

const seconds = 1_000;
/** Nothing waits for ever: not for a connection, an answer, or a transaction whose process froze. */
const limits = {
  connectionTimeoutMillis: 15 * seconds,
  statement_timeout: 60 * seconds,
  query_timeout: 65 * seconds,
  idle_in_transaction_session_timeout: 60 * seconds,
  keepAlive: true,
  application_name: 'portcullis',
} as const;

const ignore = () => undefined;

/** Brings the schema up to date, on a connection of its own: waiting for another start's migration takes its time. */
async function migrate(connectionString: string): Promise<void> {
  const { connectionTimeoutMillis, keepAlive, application_name } = limits;
  const client = new pg.Client({ connectionString, connectionTimeoutMillis, keepAlive, application_name });
  client.on('error', ignore); // the statement that was running rejects
  try {
    await client.connect();
    await migrateInTransaction(
      async <Row>(sql: string) => [await client.query(sql)].flat().at(-1)?.rows as Row[],
    );
  } finally {
    await client.end().catch(ignore);
  }
}

/** How a database that does not answer yet is waited for. */
export interface Waiting {
  /** For how long, milliseconds. */
  readonly patience: number;
  readonly warn: (error: Error) => void;
  /** Aborted: it is waited for no longer. */
  readonly signal?: AbortSignal | undefined;
}

/** Tries for so many milliseconds, ever less often, while the database does not answer. */
async function persistently(work: () => Promise<void>, host: string, { patience, warn, signal }: Waiting) {
  const until = performance.now() + patience;
  for (let wait = 250; ; wait = Math.min(wait * 2, 5 * seconds)) {
    try {
      return await work();
    } catch (error) {
      if (!isUnreachable(error) || performance.now() + wait > until) throw error;
      warn(unreachable(error, host));
      await pause(wait, undefined, { signal });
    }
  }
}

const over =
  (connection: Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>): Query =>
  async <Row>(sql: string, parameters: readonly unknown[] = []) => {
    try {
      // Several statements in one have no rows.
      const { rows = [] } = await connection.query<object>(sql, [...parameters]);
      return camelCased<Row>(rows);
    } catch (error) {
      throw describeUnreachable(error);
    }
  };

async function inTransaction<T>(client: pg.PoolClient, work: (query: Query) => Promise<T>): Promise<T> {
  let broken = false;
  // Without a listener a connection that breaks between two statements would end the process.
  client.on('error', ignore);
  try {
    await client.query('begin');
    const value = await work(over(client));
    await client.query('commit');
    return value;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw describeUnreachable(error);
  } finally {
    client.off('error', ignore);
    // A connection that cannot even roll back is closed, which rolls back, and never used again.
    client.release(broken);
  }
}

/**
 * A database on Postgres, migrated. The start waits for it. Later a statement that cannot be sent is rejected with
 * `store-unreachable`, and the next one connects again once the server is back.
 */
export async function openPostgres(connectionString: string, waiting: Waiting): Promise<Database> {
  const { warn } = waiting;
  await persistently(() => migrate(connectionString), hostOf(connectionString), waiting);
  const pool = new pg.Pool({ connectionString, max: 10, ...limits });
  pool.on('error', (error) => warn(isUnreachable(error) ? unreachable(error) : error));
  return {
    kind: 'postgres',
    query: over(pool),
    async transaction(work) {
      const client = await pool.connect().catch((error) => {
        throw describeUnreachable(error);
      });
      return inTransaction(client, work);
    },
    queueOptions: {
      db: {
        executeSql: (sql: string, values?: unknown[]) =>
          pool.query(sql, values).catch((error) => {
            throw describeUnreachable(error);
          }),
      },
    },
    close: () => pool.end(),
  };
}
