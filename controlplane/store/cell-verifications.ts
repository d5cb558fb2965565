import type { RemediationResult } from '../../lambda/contract/result.ts';
import {
  type Canary,
  type Cell,
  type CellVerification,
  canaryColumns,
  type Ending,
  recordEnding,
  recordResult,
} from './canaries.ts';
import type { Database, Query } from './database/database.ts';
import { firstColumn, firstRow } from './database/query.ts';
import {
  type Asked,
  type Due,
  finishVerification,
  type Outcome,
  requestCells,
  requestDue,
  type Verification,
} from './verifications.ts';

/** How long a dead holder keeps its canaries. */
export const claimMs = 60_000;

const cellVerificationColumns = `account_id, region, verified_at, kind, milliseconds, recorded_milliseconds,
  failed_at, message`;

/**
 * Forgets what was verified in a cell, or in every cell of an account, and ends the canaries that are open there: what was
 * taken down proves nothing of what is made there later.
 */
export async function endVerifications(
  query: Query,
  accountId: string,
  region: string | null,
): Promise<void> {
  const place = [accountId, region];
  await query(
    'delete from cell_verification where account_id = $1 and ($2::text is null or region = $2)',
    place,
  );
  await query(
    `update canary set state = 'failed', message = 'the cell was taken down', ended_at = now(), holder = null,
       held_until = null
     where account_id = $1 and ($2::text is null or region = $2) and ended_at is null`,
    place,
  );
}

const verifications = ({ query, transaction }: Pick<Database, 'query' | 'transaction'>) => ({
  /** Records a verification with a canary for each cell. */
  request: (asked: Asked, cells: readonly Cell[]): Promise<void> =>
    transaction((within) => requestCells(within, asked, cells)),
  /** The same for those cells, so many at most, that nothing was tried in for so long; false where there are none. */
  requestDue: (asked: Asked, cells: readonly Cell[], due: Due): Promise<boolean> =>
    transaction((within) => requestDue(within, asked, cells, due)),
  get: (id: string) =>
    firstRow<Verification>(
      query,
      `select id, scope, requested_by, created_at, finished_at
       from verification where id = $1`,
      [id],
    ),
  canaries: (id: string): Promise<Canary[]> =>
    query(`select ${canaryColumns} from canary where verification_id = $1 order by account_id, region`, [id]),
  /** Ids of the verifications that have not ended. */
  unfinished: () =>
    firstColumn(query, 'select id from verification where finished_at is null order by created_at'),
  /** Ends a verification whose canaries have all ended; what came of it where this was the call that ended it. */
  finish: (id: string): Promise<Outcome | undefined> =>
    transaction((within) => finishVerification(within, id)),
  /** Forgets verifications that ended so long ago, but for those that may have left a group behind. */
  async forget(olderThanMs: number) {
    await query(
      `delete from verification where finished_at < now() - make_interval(secs => $1::double precision)
         and not exists (select 1 from canary where verification_id = verification.id
           and intended_at is not null and removed_at is null)`,
      [olderThanMs / 1000],
    );
  },
});

/** Which worker works on a canary. */
const canaryClaims = ({ query }: Pick<Database, 'query'>) => ({
  /** Claims a canary of the verification that no worker holds. The claim ends unless the holder renews it. */
  claim: (verificationId: string, holder: string) =>
    firstRow<Canary>(
      query,
      `update canary set holder = $2, held_until = now() + make_interval(secs => $3::double precision)
       where id = (select id from canary where verification_id = $1 and ended_at is null
           and (held_until is null or held_until < now()) order by id limit 1 for update skip locked)
       returning ${canaryColumns}`,
      [verificationId, holder, claimMs / 1000],
    ),
  /** Keeps what the holder claimed. */
  async renew(holder: string) {
    await query(
      `update canary set held_until = now() + make_interval(secs => $2::double precision)
       where holder = $1 and ended_at is null`,
      [holder, claimMs / 1000],
    );
  },
  /** Releases the claims of the holder; without one, all claims. */
  async release(holder?: string) {
    await query(
      `update canary set holder = null, held_until = null where ended_at is null and ($1::text is null or holder = $1)`,
      [holder ?? null],
    );
  },
});

const canaries = ({ query, transaction }: Pick<Database, 'query' | 'transaction'>) => ({
  canary: (id: string) => firstRow<Canary>(query, `select ${canaryColumns} from canary where id = $1`, [id]),
  async intend(id: string) {
    await query('update canary set intended_at = coalesce(intended_at, now()) where id = $1', [id]);
  },
  async opened(id: string, groupId: string | null) {
    await query(
      `update canary set group_id = $2, opened_at = now(), result = null, received_at = null where id = $1 and ended_at is null`,
      [id, groupId],
    );
  },
  /** How long ago it was opened, milliseconds; 0 where it was not. */
  async openFor(id: string): Promise<number> {
    const [row] = await query<{ ms: number | null }>(
      'select extract(epoch from now() - opened_at)::float8 * 1000 as ms from canary where id = $1',
      [id],
    );
    return row?.ms ?? 0;
  },
  /**
   * Takes a result for the canary that it tells of; true where it tells of one. Results merge as those of remediations
   * do, so a duplicate that found the rule deleted does not hide the one that revoked it.
   */
  received: (result: RemediationResult): Promise<boolean> =>
    transaction((within) => recordResult(within, result)),
  /** Ends a canary once, and records the result for its cell. */
  end: (id: string, ending: Ending): Promise<void> =>
    transaction((within) => recordEnding(within, id, ending)),
  /** Canaries in a cell that may have left a group behind and that no worker holds. */
  leftovers: ({ accountId, region }: Cell) =>
    firstColumn(
      query,
      `select id from canary where account_id = $1 and region = $2 and intended_at is not null
           and removed_at is null and (ended_at is not null or held_until is null or held_until < now())`,
      [accountId, region],
    ),
  async removed(ids: readonly string[]) {
    await query('update canary set removed_at = now() where id = any($1::uuid[])', [ids]);
  },
});

/** What is known of the cells. */
const cells = ({ query }: Pick<Database, 'query'>) => ({
  list: (): Promise<CellVerification[]> =>
    query(`select ${cellVerificationColumns} from cell_verification order by account_id, region`),
  /** Forgets what was verified in Regions of an account that are not among these; whether anything was known there. */
  async keepOnly(accountId: string, regions: readonly string[]): Promise<boolean> {
    const rows = await query<{ region: string }>(
      'select region from cell_verification where account_id = $1 and not (region = any($2))',
      [accountId, regions],
    );
    for (const { region } of rows) await endVerifications(query, accountId, region);
    return rows.length > 0;
  },
});

export const cellVerificationStore = (database: Pick<Database, 'query' | 'transaction'>) => ({
  ...verifications(database),
  ...canaryClaims(database),
  ...canaries(database),
  ...cells(database),
});

export type CellVerificationStore = ReturnType<typeof cellVerificationStore>;
