import type { Exception } from '../../lambda/policy/schema/exception.ts';
import { type AuditEntry, writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { firstRow } from './database/query.ts';

/** An exception that the control plane keeps beside those of the policy file. */
export interface StoredException {
  readonly exception: Exception;
  /** The remediation that it came from. */
  readonly eventId: string;
  readonly groupId: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly endedBy: string | null;
}

/** What a new one says of itself; whose it is goes to the audit log as well. */
export type NewException = Pick<StoredException, 'exception' | 'eventId' | 'groupId' | 'createdBy'>;

/** Keeps a new exception, with its audit line, as a part of the transaction that the query belongs to. */
export async function keepException(query: Query, created: NewException): Promise<void> {
  const { exception, eventId, groupId, createdBy } = created;
  await query(
    `insert into exception (name, exception, event_id, group_id, created_by, created_at)
     values ($1, $2, $3, $4, $5, now())`,
    [exception.name, JSON.stringify(exception), eventId, groupId, createdBy],
  );
  const details = { remediation: `${eventId}:${groupId}`, ...exception };
  await writeAudit(query, { who: createdBy, what: 'exception created', details });
}

/** Ends exceptions, each with its audit line, as a part of the transaction that the query belongs to. */
export async function endExceptions(
  query: Query,
  names: readonly string[],
  by: string,
  details: AuditEntry['details'] = {},
): Promise<void> {
  const ended = await query<{ name: string }>(
    `update exception set ended_at = now(), ended_by = $2 where name = any($1) and ended_at is null returning name`,
    [names, by],
  );
  for (const { name } of ended)
    await writeAudit(query, { who: by, what: 'exception ended', details: { name, ...details } });
}

/** Makes a standing exception let less through, with an audit line, as a part of the query's transaction. */
export async function narrowException(
  query: Query,
  exception: Exception,
  by: string,
  details: AuditEntry['details'],
): Promise<void> {
  const narrowed = await query(
    `update exception set exception = $2::jsonb where name = $1 and ended_at is null and exception <> $2::jsonb
     returning name`,
    [exception.name, JSON.stringify(exception)],
  );
  if (narrowed.length > 0)
    await writeAudit(query, { who: by, what: 'exception narrowed', details: { ...exception, ...details } });
}

export function exceptionStore({ query, transaction }: Database) {
  const get = (name: string) =>
    firstRow<StoredException>(query, 'select * from exception where name = $1', [name]);
  return {
    /** All there ever were, newest first. */
    list: () => query<StoredException>('select * from exception order by created_at desc, name'),
    /** Those that no person has ended, by name; expired ones are included. */
    standing: () => query<StoredException>('select * from exception where ended_at is null order by name'),
    get,
    /** Ends it for good; what ended before stays as it was. Undefined where there is none of that name. */
    async end(name: string, by: string): Promise<StoredException | undefined> {
      await transaction((within) => endExceptions(within, [name], by));
      return get(name);
    },
  };
}
