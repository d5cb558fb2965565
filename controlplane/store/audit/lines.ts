import { PortcullisError } from '../../settings/errors.ts';
import type { Database } from '../database/database.ts';
import { firstColumn } from '../database/query.ts';
import type { AuditedAct } from './acts.ts';

/** Which lines; without a field, all. `since` is included, `until` is not. */
export interface AuditFilter {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly who?: string | undefined;
  readonly what?: AuditedAct | undefined;
  readonly account?: string | undefined;
}

export interface AuditLine {
  /** Grows with the lines; a line of a transaction that took longer may become visible after one of a higher id. */
  readonly id: string;
  /** ISO 8601 in UTC, in microseconds. */
  readonly at: string;
  readonly who: string;
  readonly what: AuditedAct;
  readonly details: Readonly<Record<string, unknown>>;
  /** The program that wrote the line; null in lines older than this field. */
  readonly serviceVersion: string | null;
  /** The Pulumi programs that it had. */
  readonly programVersion: string | null;
}

/** A line's one text: Postgres orders the keys. Seals are over it, so it can never be another. */
export const lineText = `jsonb_build_object('id', id::text,
  'at', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'who', who, 'what', what,
  'details', details, 'serviceVersion', service_version, 'programVersion', program_version)::text`;

const matching = `($1::timestamptz is null or at >= $1) and ($2::timestamptz is null or at < $2)
  and ($3::text is null or who = $3) and ($4::text is null or what = $4) and ($5::text is null or account_id = $5)`;

const parametersOf = ({ since, until, who, what, account }: AuditFilter) =>
  [since, until, who, what, account].map((value) => value ?? null);

/**
 * Any number, the same in every process. Each writer of a line holds this advisory lock, shared with other writers,
 * from before the line gets its id until its transaction ends. A lock of the table would do, but for its vacuum.
 */
export const writersLock = 6_821_006;

/** How long a read of the highest id waits for writers, and delays writers that come meanwhile. */
const lockTimeout = '250ms';
const tries = 20;

/**
 * The highest id. No line with a lower id can be added later, because a writer that is about to commit holds the lock.
 * Undefined when the writers did not release it in time.
 */
export async function finalId({ transaction }: Pick<Database, 'transaction'>): Promise<bigint | undefined> {
  try {
    return await transaction(async (query) => {
      await query(`set local lock_timeout = '${lockTimeout}'`);
      await query(`select pg_advisory_xact_lock(${writersLock})`);
      const [row] = await query<{ id: string }>('select coalesce(max(id), 0)::text as id from audit');
      return BigInt(row?.id ?? 0);
    });
  } catch (error) {
    const lockNotAvailable = '55P03';
    if ((error as { code?: string }).code === lockNotAvailable) return undefined;
    throw error;
  }
}

const page = 1000;

export const auditLines = (database: Pick<Database, 'query' | 'transaction'>) => ({
  /** Newest first; older than the line `before`, where that is given. */
  async list(limit: number, filter: AuditFilter = {}, before?: string): Promise<AuditLine[]> {
    const lines = await firstColumn(
      database.query,
      `select ${lineText} from audit where ${matching} and ($6::bigint is null or id < $6)
       order by id desc limit $7`,
      [...parametersOf(filter), before ?? null, limit],
    );
    return lines.map((line) => JSON.parse(line));
  },
  /**
   * Oldest first, page after page, each line as one line of JSON; newer than the line `after`. Ends with the lines
   * that were there at the call: no line of a lower id can come later, so the last id continues where it ended.
   * @throws PortcullisError `store-unreachable` where writers leave no moment to see which lines are final.
   */
  async *lines(filter: AuditFilter, after = '0'): AsyncGenerator<readonly string[]> {
    let end: bigint | undefined;
    for (let left = tries; end === undefined && left > 0; left -= 1) end = await finalId(database);
    if (end === undefined) {
      const message = 'the audit log is being written to without a pause; try again in a moment';
      throw new PortcullisError('store-unreachable', message);
    }
    for (let last: string | undefined = after; last !== undefined; ) {
      const rows: { id: string; line: string }[] = await database.query(
        `select id::text, ${lineText} as line from audit where ${matching} and id > $6 and id <= $7
         order by audit.id limit $8`,
        [...parametersOf(filter), last, end.toString(), page],
      );
      if (rows.length > 0) yield rows.map(({ line }) => line);
      last = rows.length < page ? undefined : rows.at(-1)?.id;
    }
  },
});
