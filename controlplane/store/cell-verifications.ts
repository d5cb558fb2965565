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
import {
  type Asked,
  type Due,
  finishVerification,
  type Outcome,
  requestCells,
  requestDue,
  type Verification,
} from './verifications.ts';

export interface CellVerificationStore {
  /** Records a verification with a canary for each cell. */
  request(asked: Asked, cells: readonly Cell[]): Promise<void>;
  /** The same for those cells, so many at most, that nothing was tried in for so long; false where there are none. */
  requestDue(asked: Asked, cells: readonly Cell[], due: Due): Promise<boolean>;
  get(id: string): Promise<Verification | undefined>;
  canaries(verificationId: string): Promise<Canary[]>;
  /** Ids of the verifications that have not ended. */
  unfinished(): Promise<string[]>;
  /** A canary of the verification that nobody works on, for this holder alone until its claim runs out. */
  claim(verificationId: string, holder: string): Promise<Canary | undefined>;
  /** Keeps what the holder claimed. */
  renew(holder: string): Promise<void>;
  /** Lets go of what the holder, or without one everybody, claimed. */
  release(holder?: string): Promise<void>;
  canary(id: string): Promise<Canary | undefined>;
  intend(id: string): Promise<void>;
  opened(id: string, groupId: string | null): Promise<void>;
  /** How long ago it was opened, milliseconds; 0 where it was not. */
  openFor(id: string): Promise<number>;
  /**
   * Takes a result for the canary that it tells of; true where it tells of one. Results merge as those of remediations
   * do, so a duplicate that found the rule deleted does not hide the one that revoked it.
   */
  received(result: RemediationResult): Promise<boolean>;
  /** Ends a canary once, and says so of its cell. */
  end(id: string, ending: Ending): Promise<void>;
  /** Canaries in a cell that may have left a group behind and that nobody works on. */
  leftovers(cell: Cell): Promise<string[]>;
  removed(ids: readonly string[]): Promise<void>;
  /** Ends a verification whose canaries have all ended; what came of it where this was the call that ended it. */
  finish(id: string): Promise<Outcome | undefined>;
  list(): Promise<CellVerification[]>;
  /** Forgets what was verified in Regions of an account that are not among these; whether anything was known there. */
  keepOnly(accountId: string, regions: readonly string[]): Promise<boolean>;
  /** Forgets verifications that ended so long ago, but for those that may have left a group behind. */
  forget(olderThanMs: number): Promise<void>;
}

/** How long a dead holder keeps its canaries. */
export const claimMs = 60_000;

const cellVerificationColumns = `account_id as "accountId", region, verified_at as "verifiedAt", kind, milliseconds,
  recorded_milliseconds as "recordedMilliseconds", failed_at as "failedAt", message`;

/**
 * Forgets what was verified in a cell, or in every cell of an account, and ends the canaries that are open there: what was
 * taken down proves nothing of what is made there later.
 */
export async function endProofs(query: Query, accountId: string, region: string | null): Promise<void> {
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

export function cellVerificationStore({ query, transaction }: Database): CellVerificationStore {
  const canary = async (id: string) => {
    const [row] = await query<Canary>(`select ${canaryColumns} from canary where id = $1`, [id]);
    return row;
  };
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  return {
    request: (asked, cells) => transaction((within) => requestCells(within, asked, cells)),
    requestDue: (asked, cells, due) => transaction((within) => requestDue(within, asked, cells, due)),
    async get(id) {
      const [row] = await query<Verification>(
        `select id, scope, requested_by as "requestedBy", created_at as "createdAt", finished_at as "finishedAt"
         from verification where id = $1`,
        [id],
      );
      return row;
    },
    canaries: (id) =>
      query(`select ${canaryColumns} from canary where verification_id = $1 order by account_id, region`, [
        id,
      ]),
    unfinished: async () =>
      ids(await query('select id from verification where finished_at is null order by created_at')),
    async claim(verificationId, holder) {
      const [row] = await query<Canary>(
        `update canary set holder = $2, held_until = now() + make_interval(secs => $3::double precision)
         where id = (select id from canary where verification_id = $1 and ended_at is null
             and (held_until is null or held_until < now()) order by id limit 1 for update skip locked)
         returning ${canaryColumns}`,
        [verificationId, holder, claimMs / 1000],
      );
      return row;
    },
    async renew(holder) {
      await query(
        `update canary set held_until = now() + make_interval(secs => $2::double precision)
         where holder = $1 and ended_at is null`,
        [holder, claimMs / 1000],
      );
    },
    async release(holder) {
      await query(
        `update canary set holder = null, held_until = null where ended_at is null and ($1::text is null or holder = $1)`,
        [holder ?? null],
      );
    },
    canary,
    async intend(id) {
      await query('update canary set intended_at = coalesce(intended_at, now()) where id = $1', [id]);
    },
    async opened(id, groupId) {
      await query(
        `update canary set group_id = $2, opened_at = now(), result = null, received_at = null where id = $1 and ended_at is null`,
        [id, groupId],
      );
    },
    async openFor(id) {
      const [row] = await query<{ ms: number | null }>(
        'select extract(epoch from now() - opened_at)::float8 * 1000 as ms from canary where id = $1',
        [id],
      );
      return row?.ms ?? 0;
    },
    received: (result) => transaction((within) => recordResult(within, result)),
    end: (id, ending) => transaction((within) => recordEnding(within, id, ending)),
    leftovers: async ({ accountId, region }) =>
      ids(
        await query(
          `select id from canary where account_id = $1 and region = $2 and intended_at is not null
             and removed_at is null and (ended_at is not null or held_until is null or held_until < now())`,
          [accountId, region],
        ),
      ),
    async removed(gone) {
      await query('update canary set removed_at = now() where id = any($1::uuid[])', [gone]);
    },
    finish: (id) => transaction((within) => finishVerification(within, id)),
    list: () => query(`select ${cellVerificationColumns} from cell_verification order by account_id, region`),
    async keepOnly(accountId, regions) {
      const rows = await query<{ region: string }>(
        'select region from cell_verification where account_id = $1 and not (region = any($2))',
        [accountId, regions],
      );
      for (const { region } of rows) await endProofs(query, accountId, region);
      return rows.length > 0;
    },
    async forget(olderThanMs) {
      await query(
        `delete from verification where finished_at < now() - make_interval(secs => $1::double precision)
           and not exists (select 1 from canary where verification_id = verification.id
             and intended_at is not null and removed_at is null)`,
        [olderThanMs / 1000],
      );
    },
  };
}
