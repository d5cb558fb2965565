import { redact } from '../../settings/redact.ts';
import { programVersion, version } from '../../stacks/generation.ts';
import type { Database, Query } from '../database/database.ts';
import type { AuditedAct } from './acts.ts';
import { writersLock } from './lines.ts';

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

export const auditEntries = ({ query }: Pick<Database, 'query'>) => ({
  /** Appends a line; one with the same `once` is there already: nothing. True where it was appended. */
  append: (entry: AuditEntry, once?: string): Promise<boolean> => writeAudit(query, entry, once),
});
