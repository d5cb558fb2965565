import { isSameResult, mergeResults } from '../../lambda/contract/merge.ts';
import type { RemediationResult } from '../../lambda/contract/result.ts';
import type { Query } from './database/database.ts';

/** One account in one Region. */
export interface Cell {
  readonly accountId: string;
  readonly region: string;
}

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

export const canaryColumns = `id, verification_id, account_id, region, intended_at, group_id, opened_at,
  result, received_at, state, kind, message, milliseconds, recorded_milliseconds, ended_at`;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Merges a result into that of its canary, by the canary's id or its group; true where there is such a canary. */
export async function recordResult(query: Query, result: RemediationResult): Promise<boolean> {
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
export async function recordEnding(query: Query, id: string, ending: Ending): Promise<void> {
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
