import type { Database, Query } from './database.ts';

export type AuditedAct =
  | 'restore requested'
  | 'restore done'
  | 'restore failed'
  | 'exception created'
  | 'exception ended'
  | 'exception expiring'
  | 'exception expired';

export interface AuditEntry {
  /** The caller's name, or `portcullis` for what was done unasked. */
  readonly who: string;
  readonly what: AuditedAct;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What was done to exceptions and remediations, by whom. The database itself refuses to change or delete a line. */
export interface AuditStore {
  /** Appends a line; one with the same `once` is there already: nothing. True where it was appended. */
  append(entry: AuditEntry, once?: string): Promise<boolean>;
  /** Newest first. */
  list(limit: number): Promise<(AuditEntry & { id: string; at: Date })[]>;
}

/** Appends a line as a part of the transaction that the query belongs to. */
export async function writeAudit(query: Query, entry: AuditEntry, once?: string): Promise<boolean> {
  const rows = await query(
    `insert into audit (at, who, what, details, once) values (now(), $1, $2, $3, $4)
     on conflict (once) do nothing returning id`,
    [entry.who, entry.what, JSON.stringify(entry.details), once ?? null],
  );
  return rows.length > 0;
}

export function auditStore({ query }: Pick<Database, 'query'>): AuditStore {
  return {
    append: (entry, once) => writeAudit(query, entry, once),
    list: (limit) =>
      query(`select id::text, at, who, what, details from audit order by audit.id desc limit $1`, [limit]),
  };
}
