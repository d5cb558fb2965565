import type { Cell } from '../../stacks/cell.ts';
import type { Database, Query } from '../database/database.ts';
import { inTransaction, rowsOf } from '../database/query.ts';

/** How long a dead worker keeps its cells. */
export const sweepClaimMs = 60_000;

/** A cell, or with an empty Region an account, that a worker holds. */
export interface ClaimedCell extends Cell {
  readonly sweepId: string;
  /** Reads that failed so far. */
  readonly attempts: number;
}

/** What a read of a cell says about it. */
interface ReadCell extends Cell {
  readonly groups: number;
  readonly findings: number;
  readonly undecided: number;
  readonly policyDigest: string;
  readonly readAt: Date;
}

/** Which cells a worker holds. A claim ends unless it is renewed. */
export const cellClaims = ({ query }: Database) => ({
  /** So many cells of the sweep at most that are due and that no worker holds. */
  claim: (sweepId: string, worker: string, most: number) =>
    query<ClaimedCell>(
      `update sweep_cell set worker = $2, held_until = now() + make_interval(secs => $4::float8)
       where (sweep_id, account_id, region) in (
         select sweep_id, account_id, region from sweep_cell
         where sweep_id = $1 and state = 'waiting' and due_at <= now()
           and (held_until is null or held_until < now())
         order by due_at, account_id, region limit $3 for update skip locked)
       returning sweep_id, account_id, region, attempts`,
      [sweepId, worker, most, sweepClaimMs / 1000],
    ),
  async renew(worker: string) {
    await query(
      `update sweep_cell set held_until = now() + make_interval(secs => $2::float8)
       where worker = $1 and state = 'waiting'`,
      [worker, sweepClaimMs / 1000],
    );
  },
  /** Releases the claims of the worker; without one, all claims. */
  async release(worker?: string) {
    await query(
      'update sweep_cell set worker = null, held_until = null where worker is not null and ($1::uuid is null or worker = $1)',
      [worker ?? null],
    );
  },
  /** Whether cells wait, and after how many milliseconds the first of those that no worker holds is due. */
  async waiting(sweepId: string): Promise<{ readonly any: boolean; readonly dueInMs: number | null }> {
    const [row] = await query<{ waiting: boolean; dueInMs: number | null }>(
      `select exists (select 1 from sweep_cell where sweep_id = $1 and state = 'waiting') as waiting,
         (select extract(epoch from due_at - now())::float8 * 1000 from sweep_cell
          where sweep_id = $1 and state = 'waiting' and (held_until is null or held_until < now())
          order by due_at limit 1) as due_in_ms`,
      [sweepId],
    );
    return { any: row?.waiting ?? false, dueInMs: row?.dueInMs ?? null };
  },
});

const heldBy = `state = 'waiting' and worker = $2`;

/** Ends the cells that the worker still holds, as a part of the query's transaction; which they are. */
export async function completeCells(
  query: Query,
  sweepId: string,
  worker: string,
  cells: readonly ReadCell[],
): Promise<Cell[]> {
  return query(
    `update sweep_cell set state = 'done', reason = null, groups = each.groups, findings = each.findings,
       undecided = each.undecided, policy_digest = each.policy_digest, read_at = each.read_at, ended_at = now(),
       worker = null, held_until = null
     from jsonb_populate_recordset(null::sweep_cell, $3::jsonb) as each
     where sweep_cell.sweep_id = $1 and sweep_cell.account_id = each.account_id
       and sweep_cell.region = each.region and sweep_cell.state = 'waiting' and sweep_cell.worker = $2
     returning sweep_cell.account_id, sweep_cell.region`,
    [sweepId, worker, rowsOf(cells)],
  );
}

/** Makes cells of an account's Regions; those of a scheduled sweep are spread over the account's slot. */
async function expandAccount(
  query: Query,
  { sweepId, accountId }: ClaimedCell,
  worker: string,
  regions: readonly string[],
): Promise<boolean> {
  const [held] = await query(
    `update sweep_cell set state = 'done', reason = null, ended_at = now(), worker = null, held_until = null
     where sweep_id = $1 and account_id = $3 and region = '' and ${heldBy} returning 1`,
    [sweepId, worker, accountId],
  );
  if (!held) return false;
  await query(
    `insert into sweep_cell (sweep_id, account_id, region, state, due_at)
     select $1, $2, each.region, 'waiting',
       whole.due_at + make_interval(secs => sweep.slot_seconds * each.number / (1 + cardinality($3::text[])))
     from sweep join sweep_cell whole on whole.sweep_id = sweep.id and whole.account_id = $2 and whole.region = '',
       unnest($3::text[]) with ordinality as each (region, number)
     where sweep.id = $1 on conflict do nothing`,
    [sweepId, accountId, regions],
  );
  return true;
}

export const cellEndings = (database: Database) => ({
  expand: inTransaction(database, expandAccount),
  /** A read failed: the cell is read again after so many milliseconds, or, without them, is not checked. */
  async failed(
    { sweepId, accountId, region }: ClaimedCell,
    worker: string,
    reason: string,
    againMs: number | undefined,
  ) {
    await database.query(
      `update sweep_cell set attempts = attempts + 1, reason = $5, worker = null, held_until = null,
         state = case when $6::float8 is null then 'not-checked' else 'waiting' end,
         ended_at = case when $6::float8 is null then now() end,
         due_at = now() + make_interval(secs => coalesce($6::float8, 0) / 1000)
       where sweep_id = $1 and account_id = $3 and region = $4 and ${heldBy}`,
      [sweepId, worker, accountId, region, reason, againMs ?? null],
    );
  },
});
