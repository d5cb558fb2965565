import type { RemediationResult } from '../../lambda/result.ts';
import type { Database } from './database.ts';

export interface RemediationRecord {
  readonly eventId: string;
  readonly time: Date;
  readonly accountId: string;
  readonly region: string;
  readonly outcome: string;
  readonly result: RemediationResult;
}

export interface RemediationStore {
  /** Appends a result once; a replay of it changes nothing. True where it was new. */
  append(result: RemediationResult): Promise<boolean>;
  /** Newest first. */
  list(filter: {
    accountId?: string | undefined;
    outcome?: string | undefined;
    limit: number;
  }): Promise<RemediationRecord[]>;
}

export function remediationStore({ query }: Database): RemediationStore {
  return {
    async append(result) {
      const rows = await query(
        `insert into remediation (event_id, group_id, time, account_id, region, outcome, result, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, now()) on conflict do nothing returning event_id`,
        [
          result.eventId,
          result.groupId ?? '',
          result.time,
          result.account,
          result.region,
          result.outcome,
          JSON.stringify(result),
        ],
      );
      return rows.length > 0;
    },
    list: ({ accountId, outcome, limit }) =>
      query(
        `select event_id as "eventId", time, account_id as "accountId", region, outcome, result from remediation
         where ($1::text is null or account_id = $1) and ($2::text is null or outcome = $2)
         order by time desc limit $3`,
        [accountId ?? null, outcome ?? null, limit],
      ),
  };
}
