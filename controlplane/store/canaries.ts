import { isSameResult, mergeResults } from '../../lambda/contract/merge.ts';
import type { RemediationResult } from '../../lambda/contract/result.ts';
import type { Cell } from '../stacks/cell.ts';
import type { Database, Query } from './database/database.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstColumn, firstRow, firstValue, inTransaction } from './database/query.ts';

/** `end-to-end`: from an API call to the revoked rule. `path`: all of it but CloudTrail and the revoke. */
export type VerificationKind = 'end-to-end' | 'path';

/** The canary of one cell, with its result. */
export interface Canary extends Cell {
  readonly id: string;
  readonly verificationId: string;
  /** When it was recorded that a group may be made from now on; null before. */
  readonly intendedAt: Date | null;
  readonly groupId: string | null;
  readonly openedAt: Date | null;
  /** The Lambda's answer, once it came through the results queue. */
  readonly result: RemediationResult | null;
  readonly receivedAt: Date | null;
  readonly state: 'waiting' | 'verified' | 'failed';
  readonly kind: VerificationKind | null;
  readonly message: string | null;
  /** From the call that opened it, or the synthetic event, to the revoke or the answer. */
  readonly milliseconds: number | null;
  /** The same to the moment that the answer was recorded here. */
  readonly recordedMilliseconds: number | null;
  readonly endedAt: Date | null;
}

/** What is known of a cell: when it was verified last, and when its verification failed last. */
export interface CellVerification extends Cell {
  readonly verifiedAt: Date | null;
  readonly kind: VerificationKind | null;
  readonly milliseconds: number | null;
  readonly recordedMilliseconds: number | null;
  readonly failedAt: Date | null;
  readonly message: string | null;
}

export type Ending =
  | {
      state: 'verified';
      kind: VerificationKind;
      milliseconds: number;
      recordedMilliseconds: number;
      message: string | null;
    }
  | { state: 'failed'; message: string };

const columns = `id, verification_id, account_id, region, intended_at, group_id, opened_at,
  result, received_at, state, kind, message, milliseconds, recorded_milliseconds, ended_at`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Merges a result into that of its canary, by the canary's id or its group; true where there is such a canary. */
async function recordResult(query: Query, result: RemediationResult): Promise<boolean> {
  const { account, region, groupId, canary = '' } = result;
  // Each look-up by an index of its own: every result of the fleet is looked up here.
  const found = await query<Pick<Canary, 'id' | 'result' | 'endedAt'>>(
    `select id, result, ended_at from canary
     where (id = $3::uuid or group_id = $4) and account_id = $1 and region = $2 for update`,
    [account, region, uuid.test(canary) ? canary : null, groupId],
  );
  for (const known of found.filter(({ endedAt }) => endedAt === null)) {
    const merged = mergeResults(known.result ? [known.result, result] : [result]);
    if (known.result && isSameResult(known.result, merged)) continue;
    await query(
      'update canary set result = $2, received_at = case when $3 then received_at else now() end where id = $1',
      [known.id, JSON.stringify(merged), known.result?.outcome === merged.outcome],
    );
  }
  return found.length > 0;
}

/** Ends a canary once and records the result for its cell; one that has ended stays as it is. */
async function recordEnding(query: Query, id: string, ending: Ending): Promise<void> {
  const verified = ending.state === 'verified' ? ending : undefined;
  const values = [
    verified?.kind ?? null,
    verified?.milliseconds ?? null,
    verified?.recordedMilliseconds ?? null,
  ];
  const [ended] = await query<Cell>(
    `update canary set state = $2, message = $3, kind = $4, milliseconds = $5, recorded_milliseconds = $6,
       ended_at = now(), holder = null, held_until = null
     where id = $1 and ended_at is null returning account_id, region`,
    [id, ending.state, ending.message, ...values],
  );
  if (!ended) return;
  const place = [ended.accountId, ended.region];
  if (verified)
    await query(
      `insert into cell_verification (account_id, region, verified_at, kind, milliseconds, recorded_milliseconds, message)
       values ($1, $2, now(), $3, $4, $5, $6)
       on conflict (account_id, region) do update set verified_at = excluded.verified_at, kind = excluded.kind,
         milliseconds = excluded.milliseconds, recorded_milliseconds = excluded.recorded_milliseconds,
         message = excluded.message`,
      [...place, ...values, ending.message],
    );
  else
    await query(
      `insert into cell_verification (account_id, region, failed_at, message) values ($1, $2, now(), $3)
       on conflict (account_id, region) do update set failed_at = excluded.failed_at, message = excluded.message`,
      [...place, ending.message],
    );
}

/** How long a dead holder keeps its canaries. */
export const claimMs = 60_000;

/** Which worker works on a canary. */
const canaryClaims = ({ query }: Database) => ({
  /** Claims a canary of the verification that no worker holds. The claim ends unless the holder renews it. */
  claim: (verificationId: string, holder: string) =>
    firstRow<Canary>(
      query,
      `update canary set holder = $2, held_until = now() + make_interval(secs => $3::double precision)
       where id = (select id from canary where verification_id = $1 and ended_at is null
           and (held_until is null or held_until < now()) order by id limit 1 for update skip locked)
       returning ${columns}`,
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

const canaryRecords = (database: Database) => ({
  canaries: (verificationId: string) =>
    database.query<Canary>(
      `select ${columns} from canary where verification_id = $1 order by account_id, region`,
      [verificationId],
    ),
  /** The same in pages. */
  canaryPage: (
    verificationId: string,
    { account, region, state }: Filter<'account' | 'region' | 'state'>,
    page: PageRequest,
  ) =>
    readPage<Canary>(database.query, page, {
      ...{ columns, from: 'canary', order: { account_id: 'text', region: 'text', id: 'uuid' } },
      equal: { verification_id: verificationId, account_id: account, region, state },
    }),
  canary: (id: string) =>
    firstRow<Canary>(database.query, `select ${columns} from canary where id = $1`, [id]),
  async intend(id: string) {
    await database.query('update canary set intended_at = coalesce(intended_at, now()) where id = $1', [id]);
  },
  async opened(id: string, groupId: string | null) {
    await database.query(
      `update canary set group_id = $2, opened_at = now(), result = null, received_at = null where id = $1 and ended_at is null`,
      [id, groupId],
    );
  },
  /** How long ago it was opened, milliseconds; 0 where it was not. */
  openFor: async (id: string) =>
    (await firstValue<number | null>(
      database.query,
      'select extract(epoch from now() - opened_at)::float8 * 1000 from canary where id = $1',
      [id],
    )) ?? 0,
  /**
   * Records a result for the canary that it is about; true where it is about one. Results merge as those of remediations
   * do, so a duplicate that found the rule deleted does not hide the one that revoked it.
   */
  received: inTransaction(database, recordResult),
  /** Ends a canary once, and records the result for its cell. */
  end: inTransaction(database, recordEnding),
  /** Canaries in a cell that may have left a group behind and that no worker holds. */
  leftovers: ({ accountId, region }: Cell) =>
    firstColumn(
      database.query,
      `select id from canary where account_id = $1 and region = $2 and intended_at is not null
           and removed_at is null and (ended_at is not null or held_until is null or held_until < now())`,
      [accountId, region],
    ),
  async removed(ids: readonly string[]) {
    await database.query('update canary set removed_at = now() where id = any($1::uuid[])', [ids]);
  },
});

/** The canaries of verifications. */
export const canaryStore = (database: Database) => ({
  ...canaryClaims(database),
  ...canaryRecords(database),
});
