import type { Query } from './database/database.ts';
import { type RunStack, type RunStackState, runStackColumns } from './run-stacks.ts';

/** Where a reader of a run's changes is. Transaction ids, as text. */
export interface ChangePosition {
  /** The last change that was read, and of which stack. */
  readonly at: readonly [changed: string, key: string];
  /** Where the next look begins once all pages of this one are read; undefined before the first page. */
  readonly round?: string | undefined;
}

export interface RunChanges {
  readonly stacks: readonly RunStack[];
  readonly next: ChangePosition;
  /** Whether more pages of this look follow. */
  readonly more: boolean;
}

/**
 * Stacks that changed since, in the order of their changes. A transaction that began earlier may commit later, so a
 * look begins at the oldest that was open at the look before: a stack may come twice, and none is missed.
 */
export async function changesOf(
  query: Query,
  runId: string,
  limit: number,
  since: ChangePosition = { at: ['0', ''] },
  state?: RunStackState,
): Promise<RunChanges> {
  const rows = await query<RunStack & { changed: string | null; horizon: string }>(
    `select ${runStackColumns}, changed::text, horizon from (select pg_snapshot_xmin(pg_current_snapshot())::text as horizon) as now
     left join (select * from run_stack where run_id = $1 and (changed, key) > ($2::xid8, $3)
       and ($4::text is null or state = $4) order by changed, key limit $5) as stacks on true
     order by stacks.changed, stacks.key`,
    [runId, ...since.at, state ?? null, limit + 1],
  );
  const found = rows.filter(({ changed }) => changed !== null);
  const round = since.round ?? rows[0]?.horizon ?? '0';
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    stacks: shown.map(({ changed: _, horizon: __, ...stack }) => stack),
    next: more ? { at: [last.changed ?? '0', last.key], round } : { at: [round, ''] },
    more,
  };
}
