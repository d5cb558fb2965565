import type { Cell } from '../stacks/cell.ts';
import type { Scope } from '../stacks/scope.ts';
import { writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { firstColumn, firstRow, inTransaction, rowsOf } from './database/query.ts';

export interface Verification {
  readonly id: string;
  readonly scope: Scope;
  readonly requestedBy: string;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

export type Asked = Pick<Verification, 'id' | 'scope' | 'requestedBy'>;

export interface Due {
  readonly olderThanMs: number;
  readonly most: number;
}

/** What came of a verification's cells. */
export interface Outcome {
  readonly verified: number;
  readonly failed: number;
}

/** Any number, the same in every process: two services do not choose the same cells. */
const choosingLock = 6_821_011;

/** Records a verification with a canary for each cell, as a part of the query's transaction. */
async function requestCells(
  query: Query,
  { id, scope, requestedBy }: Asked,
  cells: readonly Cell[],
): Promise<void> {
  await query(`insert into verification (id, scope, requested_by, created_at) values ($1, $2, $3, now())`, [
    id,
    JSON.stringify(scope),
    requestedBy,
  ]);
  await query(
    `insert into canary (id, verification_id, account_id, region, state)
     select gen_random_uuid(), $1, account_id, region, 'waiting' from jsonb_populate_recordset(null::canary, $2::jsonb)`,
    [id, rowsOf(cells)],
  );
  const details = { verification: id, scope, cells: cells.length };
  await writeAudit(query, { who: requestedBy, what: 'verification requested', details });
}

const dueCells = `select each.account_id, each.region
  from jsonb_populate_recordset(null::canary, $1::jsonb) as each
  left join cell_verification on cell_verification.account_id = each.account_id and cell_verification.region = each.region
  where not exists (select 1 from canary where canary.account_id = each.account_id
      and canary.region = each.region and canary.ended_at is null)
    and coalesce(greatest(cell_verification.verified_at, cell_verification.failed_at), '-infinity')
      < now() - make_interval(secs => $2::double precision)
  order by greatest(cell_verification.verified_at, cell_verification.failed_at) nulls first, md5(each.account_id || each.region)
  limit $3`;

/** The same for the cells that are due. No other worker chooses them meanwhile. False when none is due. */
async function requestDue(
  query: Query,
  asked: Asked,
  cells: readonly Cell[],
  { olderThanMs, most }: Due,
): Promise<boolean> {
  await query(`select pg_advisory_xact_lock(${choosingLock})`);
  const due = await query<Cell>(dueCells, [rowsOf(cells), olderThanMs / 1000, most]);
  if (due.length > 0) await requestCells(query, asked, due);
  return due.length > 0;
}

/** Ends a verification whose canaries have all ended, once; what came of them where this was the call that ended it. */
async function finishVerification(query: Query, id: string): Promise<Outcome | undefined> {
  const ended = await query(
    `update verification set finished_at = now() where id = $1 and finished_at is null
       and not exists (select 1 from canary where verification_id = $1 and ended_at is null) returning id`,
    [id],
  );
  if (ended.length === 0) return undefined;
  const [outcome = { verified: 0, failed: 0 }] = await query<Outcome>(
    `select count(*) filter (where state = 'verified')::int as verified,
       count(*) filter (where state = 'failed')::int as failed from canary where verification_id = $1`,
    [id],
  );
  const entry = { what: 'verification finished', details: { verification: id, ...outcome } } as const;
  await writeAudit(query, { who: 'portcullis', ...entry }, `verification finished ${id}`);
  return outcome;
}

export const verificationStore = (database: Database) => ({
  /** Records a verification with a canary for each cell. */
  request: inTransaction(database, requestCells),
  /** The same for those cells, so many at most, that nothing was tried in for so long; false where there are none. */
  requestDue: inTransaction(database, requestDue),
  get: (id: string) =>
    firstRow<Verification>(
      database.query,
      `select id, scope, requested_by, created_at, finished_at
       from verification where id = $1`,
      [id],
    ),
  /** Ids of the verifications that have not ended. */
  unfinished: () =>
    firstColumn(database.query, 'select id from verification where finished_at is null order by created_at'),
  /** Ends a verification whose canaries have all ended; what came of it where this was the call that ended it. */
  finish: inTransaction(database, finishVerification),
  /** Forgets verifications that ended so long ago, but for those that may have left a group behind. */
  async forget(olderThanMs: number) {
    await database.query(
      `delete from verification where finished_at < now() - make_interval(secs => $1::double precision)
         and not exists (select 1 from canary where verification_id = verification.id
           and intended_at is not null and removed_at is null)`,
      [olderThanMs / 1000],
    );
  },
});
