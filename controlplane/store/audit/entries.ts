import { redact } from '../../settings/redact.ts';
import { programVersion, version } from '../../stacks/generation.ts';
import type { Database, Query } from '../database/database.ts';
import type { AuditedAct } from './acts.ts';
import { type AuditFilter, type AuditLine, finalLines, newestLines, writersLock } from './lines.ts';
import { type AuditCheck, checkSeals, type Seal, sealLines } from './seals.ts';

export interface AuditEntry {
  /** The caller's name, or `portcullis` for what no one requested. */
  readonly who: string;
  readonly what: AuditedAct;
  /** `account` (an id) or `key` (a stack's) says whose account it is about; never a secret. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Error texts of AWS and the engine may contain anything, so secrets are removed. */
const clean = redact();

/**
 * Appends a line as a part of the transaction that the query belongs to. Never waits for another line's writer. It
 * waits for a reader that finds out which lines are final, for a quarter of a second at most.
 */
export async function writeAudit(query: Query, entry: AuditEntry, once?: string): Promise<boolean> {
  const rows = await query(
    `with writing as (select pg_advisory_xact_lock_shared(${writersLock}))
     insert into audit (at, who, what, details, once, service_version, program_version)
     select now(), $1, $2, $3::jsonb, $4, $5, $6 from writing
     on conflict (once) do nothing returning id`,
    [entry.who, entry.what, JSON.stringify(clean(entry.details)), once ?? null, version, programVersion()],
  );
  return rows.length > 0;
}

export function auditStore(database: Pick<Database, 'query' | 'transaction'>) {
  const { query } = database;
  return {
    /** Appends a line; one with the same `once` is there already: nothing. True where it was appended. */
    append: (entry: AuditEntry, once?: string): Promise<boolean> => writeAudit(query, entry, once),
    /** Newest first; older than the line `before`, where that is given. */
    list: (limit: number, filter: AuditFilter = {}, before?: string): Promise<AuditLine[]> =>
      newestLines(query, limit, filter, before),
    /**
     * Oldest first, page after page, each line as one line of JSON; newer than the line `after`. Ends with the lines
     * that were there at the call: no line of a lower id can come later, so the last id continues where it ended.
     * @throws PortcullisError `store-unreachable` where writers leave no moment to see which lines are final.
     */
    lines: (filter: AuditFilter, after?: string): AsyncGenerator<readonly string[]> =>
      finalLines(database, filter, after),
    /** Seals the lines since the last seal, so many at most; undefined where there are none or writers are busy. */
    seal: (most?: number): Promise<Seal | undefined> => sealLines(database, most),
    /** How many lines, so many at most, no seal covers yet, and for how many seconds the first of them. */
    async unsealed(most: number): Promise<{ lines: number; seconds: number }> {
      const [row] = await query<{ lines: number; seconds: number }>(
        `select count(*)::int as lines, coalesce(extract(epoch from now() - min(at)), 0)::float8 as seconds
         from (select at from audit where id > (select coalesce(max(through_id), 0) from audit_seal)
           order by id limit $1) as open`,
        [most],
      );
      return row ?? { lines: 0, seconds: 0 };
    },
    /** Recomputes every seal. Changes nothing. */
    check: (): Promise<AuditCheck> => checkSeals(query),
    /** Removes sealed lines older than so many days, a part at a time: how many; 0 once none is left. */
    async removeExpired(days: number): Promise<number> {
      const [row] = await query<{ removed: string }>(
        'select audit_remove_expired($1, $2, $3)::text as removed',
        [days, version, programVersion()],
      );
      return Number(row?.removed ?? 0);
    },
  };
}

/** Who asked for what, and what was changed where. The database itself refuses to change or delete a line. */
export type AuditStore = ReturnType<typeof auditStore>;
