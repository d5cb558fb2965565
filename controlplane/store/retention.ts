import { writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { firstColumn } from './database/query.ts';
import { foldCounts, removeEmptyCounts } from './findings/counts.ts';

/** What is removed once it is so many days old; undefined keeps it for ever. */
export interface Retention {
  /** The audit log, the remediations, and findings that ended with the history of all. */
  readonly auditDays?: number | undefined;
  /** Runs with what they did to each stack, and lifecycle events. */
  readonly runDays?: number | undefined;
}

interface Removal {
  readonly of: 'remediations' | 'findings' | 'finding changes' | 'runs' | 'lifecycle events';
  readonly days: number;
  /** Removes a part of what is older than `$1` days: how many. */
  remove(query: Query, days: number): Promise<number>;
}

const part = 5000;
const expired = (column: string) => `${column} < now() - make_interval(days => $1)`;

/** A remediation that a person restored stays, as its restore does. */
async function removeRemediations(query: Query, days: number): Promise<number> {
  const rows = await query(
    `delete from remediation where ctid in (
       select r.ctid from remediation r where ${expired('r.recorded_at')} and not exists (
         select 1 from restore where restore.event_id = r.event_id and restore.group_id = r.group_id) limit ${part})
     returning 1`,
    [days],
  );
  return rows.length;
}

/** What is open or excepted stays, however old. */
async function removeFindings(query: Query, days: number): Promise<number> {
  const ids = await firstColumn(
    query,
    `delete from finding where id in (
       select id from finding where state in ('remediated', 'resolved') and ${expired('state_since')}
       order by id limit ${part} for update skip locked) returning id`,
    [days],
  );
  await query('delete from finding_change where finding_id = any($1)', [ids]);
  await query(`delete from finding_group where ${expired('clean_at')}`, [days]);
  return ids.length;
}

async function removeFindingChanges(query: Query, days: number): Promise<number> {
  const rows = await query(
    `delete from finding_change where id in (
       select id from finding_change where ${expired('recorded_at')} limit ${part}) returning 1`,
    [days],
  );
  return rows.length;
}

async function removeRuns(query: Query, days: number): Promise<number> {
  const rows = await query<{ id: string }>(
    `select id from run where ${expired('finished_at')} order by finished_at limit 20`,
    [days],
  );
  const ids = rows.map(({ id }) => id);
  await query('delete from run_stack where run_id = any($1)', [ids]);
  await query('delete from run where id = any($1)', [ids]);
  return ids.length;
}

async function removeLifecycleEvents(query: Query, days: number): Promise<number> {
  const rows = await query(
    `delete from lifecycle_event where ctid in (
       select ctid from lifecycle_event where ${expired('recorded_at')} limit ${part}) returning 1`,
    [days],
  );
  return rows.length;
}

/** Removes all that has expired, a part at a time, with one audit line for each kind of which there was any. */
async function removeAll({ transaction, query }: Database, { of, days, remove }: Removal): Promise<number> {
  let removed = 0;
  for (let some = -1; some !== 0; removed += some) some = await transaction((within) => remove(within, days));
  if (removed > 0) {
    const details = { of, removed, keptDays: days };
    await writeAudit(query, { who: 'portcullis', what: 'retention applied', details });
  }
  return removed;
}

/**
 * Removes what has expired, but for the audit log itself, which its own store does: how many of each. May be called
 * by several processes at once, and again at any time.
 */
export async function removeExpired(
  database: Database,
  { auditDays, runDays }: Retention,
): Promise<Partial<Record<Removal['of'], number>>> {
  const removed: Partial<Record<Removal['of'], number>> = {};
  const removals = [
    { of: 'remediations', days: auditDays, remove: removeRemediations },
    { of: 'findings', days: auditDays, remove: removeFindings },
    { of: 'finding changes', days: auditDays, remove: removeFindingChanges },
    { of: 'runs', days: runDays, remove: removeRuns },
    { of: 'lifecycle events', days: runDays, remove: removeLifecycleEvents },
  ] as const;
  for (const { of, days, remove } of removals) {
    if (days !== undefined) removed[of] = await removeAll(database, { of, days, remove });
  }
  await foldCounts(database);
  await removeEmptyCounts(database);
  return removed;
}
