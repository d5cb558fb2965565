import type { Database } from '../database/database.ts';

export const severities = ['critical', 'high', 'medium', 'low', 'none'] as const;
/** `none`: the policy rule names no severity. The place in the list is the column `severity_order`. */
export type Severity = (typeof severities)[number];

/** What findings are counted by; the columns of the tables of counts. */
export const countedColumns = 'state, severity_order, exposure';

/** Any number, the same in every process: the advisory lock of the one that folds. */
const foldLock = 6_821_014;

/**
 * Adds the changes of the counts to the counts, so that few rows are read. What is read before and after is the same.
 * One process does it at a time; where another does, nothing happens.
 */
export const foldCounts = ({ transaction }: Pick<Database, 'transaction'>): Promise<void> =>
  transaction(async (query) => {
    const [lock] = await query<{ taken: boolean }>(`select pg_try_advisory_xact_lock(${foldLock}) as taken`);
    if (!lock?.taken) return;
    await query(
      `with taken as (delete from finding_count_change returning *)
       insert into finding_count (grain, key, rule, month, ${countedColumns}, count)
       select grain, key, rule, month, ${countedColumns}, sum(count) from taken group by grain, key, rule, month, ${countedColumns}
       on conflict (grain, key, rule, month, ${countedColumns}) do update set count = finding_count.count + excluded.count`,
    );
  });

/** Removes counts of nothing, which folding leaves. It reads all counts, so it runs rarely. */
export const removeEmptyCounts = async ({ query }: Database): Promise<void> => {
  await query('delete from finding_count where count = 0');
};
