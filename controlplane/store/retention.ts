import { writeAudit } from './audit/entries.ts';
import type { Database } from './database/database.ts';
import { foldCounts, removeEmptyCounts } from './findings/counts.ts';

/** What is removed once it is so many days old; undefined keeps it for ever. */
export interface Retention {
  /** The audit log, the remediations, findings that ended with the history of all, and missed events. */
  readonly auditDays?: number | undefined;
  /** Runs with what they did to each stack, and lifecycle events. */
  readonly runDays?: number | undefined;
}

const part = 5000;
const expired = (column: string) => `${column} < now() - make_interval(days => $1)`;

/** A part of the rows of a table that match, where each is named `old`. */
const partOf = (table: string, where: string) =>
  `delete from ${table} where ctid in (select old.ctid from ${table} old where ${where} limit ${part}) returning 1`;

interface Removal {
  readonly of: string;
  readonly setting: keyof Retention;
  /** Removes a part of what is older than `$1` days, and returns a row for each record that it removed. */
  readonly sql: string;
}

const removals: readonly Removal[] = [
  {
    of: 'remediations',
    setting: 'auditDays',
    // A remediation that a person restored stays, as its restore does.
    sql: partOf(
      'remediation',
      `${expired('old.recorded_at')} and not exists (
       select 1 from restore where restore.event_id = old.event_id and restore.group_id = old.group_id)`,
    ),
  },
  {
    of: 'findings',
    setting: 'auditDays',
    // What is open or excepted stays, however old.
    sql: `with ended as (
      delete from finding where id in (
        select id from finding where state in ('remediated', 'resolved') and ${expired('state_since')}
        order by id limit ${part} for update skip locked) returning id
    ), history as (delete from finding_change using ended where finding_id = ended.id
    ), clean as (delete from finding_group where ${expired('clean_at')})
    select 1 from ended`,
  },
  {
    of: 'finding changes',
    setting: 'auditDays',
    sql: partOf('finding_change', expired('old.recorded_at')),
  },
  {
    of: 'missed events',
    setting: 'auditDays',
    // Events that are not judged yet stay, and those that make a cell not covered.
    sql: partOf(
      'missed_event',
      `${expired('old.judged_at')} and not exists (
       select 1 from cell where cell.account_id = old.account_id and cell.region = old.region
         and old.state = 'missed' and old.judged_at > coalesce(cell.verified_at, '-infinity'))`,
    ),
  },
  {
    of: 'runs',
    setting: 'runDays',
    sql: `with ended as (select id from run where ${expired('finished_at')} order by finished_at limit 20),
    stacks as (delete from run_stack using ended where run_id = ended.id)
    delete from run using ended where run.id = ended.id returning 1`,
  },
  {
    of: 'lifecycle events',
    setting: 'runDays',
    sql: partOf('lifecycle_event', expired('old.recorded_at')),
  },
];

/** Removes all that has expired, a part at a time, with one audit line where there was any: how many. */
async function removeAll({ query }: Database, of: string, sql: string, days: number): Promise<number> {
  let removed = 0;
  for (let some = -1; some !== 0; removed += some) some = (await query(sql, [days])).length;
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
  retention: Retention,
): Promise<Readonly<Record<string, number>>> {
  const removed: Record<string, number> = {};
  for (const { of, setting, sql } of removals) {
    const days = retention[setting];
    if (days !== undefined) removed[of] = await removeAll(database, of, sql, days);
  }
  await foldCounts(database);
  await removeEmptyCounts(database);
  return removed;
}
