import type { RemediationResult } from '../../lambda/contract/result.ts';
import type { Database } from './database/database.ts';

export interface RemediationRecord {
  /** `<eventId>:<groupId>`, where the group id is empty if the event named no group. */
  readonly id: string;
  readonly eventId: string;
  readonly groupId: string;
  readonly time: Date;
  readonly accountId: string;
  readonly region: string;
  readonly outcome: string;
  readonly result: RemediationResult;
}

const columns = `event_id || ':' || group_id as id, event_id as "eventId", group_id as "groupId", time,
  account_id as "accountId", region, outcome, result`;

export interface RemediationStore {
  /** Appends a result once; a replay of it changes nothing. True where it was new. */
  append(result: RemediationResult): Promise<boolean>;
  /** What an event came to, for each security group that it was about. */
  ofEvent(eventId: string): Promise<RemediationRecord[]>;
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
    ofEvent: (eventId) =>
      query(`select ${columns} from remediation where event_id = $1 order by group_id`, [eventId]),
    list: ({ accountId, outcome, limit }) =>
      query(
        `select ${columns} from remediation
         where ($1::text is null or account_id = $1) and ($2::text is null or outcome = $2)
         order by time desc limit $3`,
        [accountId ?? null, outcome ?? null, limit],
      ),
  };
}
