import type { Cell } from '../../stacks/cell.ts';
import { writeAudit } from '../audit/entries.ts';
import type { Database, Query } from '../database/database.ts';
import { firstRow, inTransaction, rowsOf } from '../database/query.ts';
import type { OpenedBy } from '../findings/finding.ts';

/** Where the event of an offence was lost, as far as it is known. */
export const missedHops = [
  ...(['trail', 'stack', 'rule', 'target', 'role', 'bus-policy', 'dead-letter'] as const),
  ...(['lambda', 'unknown'] as const),
] as const;
export type MissedHop = (typeof missedHops)[number];

/** `suspected`: the event may still arrive. `announced`: it did. */
export type MissedState = 'suspected' | 'missed' | 'announced';

/** An offence that a sweep found and that no event announced. */
export interface MissedEvent extends Cell {
  readonly groupId: string;
  /** The canonical content of the rule, as a finding has it. */
  readonly ingress: string;
  readonly sweepId: string;
  readonly state: MissedState;
  /** The rule was opened after this: by the earlier sweep of the cell, or at this moment by CloudTrail. */
  readonly afterAt: Date;
  readonly foundAt: Date;
  readonly openedBy: OpenedBy | null;
  readonly hop: MissedHop | null;
  readonly message: string | null;
  readonly judgedAt: Date | null;
}

export type Suspicion = Pick<
  MissedEvent,
  'accountId' | 'region' | 'groupId' | 'ingress' | 'sweepId' | 'afterAt' | 'foundAt' | 'openedBy'
>;

type Judgement = Pick<MissedEvent, 'state' | 'hop' | 'message'>;

const columns = `account_id, region, group_id, ingress, sweep_id, state, after_at, found_at, opened_by, hop, message,
  judged_at`;

/** For so long an event may be under way, milliseconds. */
export const eventPatienceMs = 15 * 60_000;

/**
 * Records offences that no event announced so far, as a part of the query's transaction. They are judged once their
 * events had time to arrive: from the moment of the call where that is known, else from the read that found them.
 */
export async function suspectMissed(query: Query, found: readonly Suspicion[]): Promise<void> {
  if (found.length === 0) return;
  await query(
    `insert into missed_event (account_id, region, group_id, ingress, sweep_id, state, after_at, found_at, opened_by, due_at)
     select account_id, region, group_id, ingress, sweep_id, 'suspected', after_at, found_at, opened_by,
       coalesce((opened_by->>'eventTime')::timestamptz, found_at) + make_interval(secs => $2::float8)
     from jsonb_populate_recordset(null::missed_event, $1::jsonb)
     on conflict do nothing`,
    [rowsOf(found), eventPatienceMs / 1000],
  );
}

const identity = ({ accountId, region, groupId, ingress, foundAt }: Suspicion) => [
  ...[accountId, region, groupId, ingress, foundAt],
];

/** Records what became of a suspected event, once, with an audit line where it was missed; whether this call did. */
async function judgeMissed(
  query: Query,
  missed: Suspicion,
  { state, hop, message }: Judgement,
): Promise<boolean> {
  const rows = await query(
    `update missed_event set state = $6, hop = $7, message = $8, judged_at = now()
     where account_id = $1 and region = $2 and group_id = $3 and ingress = $4 and found_at = $5
       and state = 'suspected' returning 1`,
    [...identity(missed), state, hop, message],
  );
  if (rows.length === 0) return false;
  if (state !== 'missed') return true;
  const { accountId: account, region, groupId: group, ingress, sweepId: sweep } = missed;
  const details = { account, region, group, ingress, hop, message, sweep };
  await writeAudit(query, { who: 'portcullis', what: 'event missed', details });
  return true;
}

export const missedEventStore = (database: Database) => ({
  /** Suspected ones whose event had time to arrive, the oldest first. */
  due: (most: number) =>
    database.query<MissedEvent>(
      `select ${columns} from missed_event where state = 'suspected' and due_at <= now() order by due_at limit $1`,
      [most],
    ),
  /** Once: false where another worker judged it. */
  judge: inTransaction(database, judgeMissed),
  /** Judged again later: why its event was lost could not be read. */
  async postpone(missed: Suspicion, afterMs: number) {
    await database.query(
      `update missed_event set due_at = now() + make_interval(secs => $6::float8 / 1000)
       where account_id = $1 and region = $2 and group_id = $3 and ingress = $4 and found_at = $5`,
      [...identity(missed), afterMs],
    );
  },
  /** The last missed event of a finding. */
  ofFinding: (findingId: string) =>
    firstRow<MissedEvent>(
      database.query,
      `select ${columns} from missed_event where state = 'missed' and (account_id, region, group_id, ingress)
         = (select account_id, region, group_id, ingress from finding where id = $1)
       order by found_at desc limit 1`,
      [findingId],
    ),
  /** Missed events of an account since each cell was last verified, the latest of each cell. */
  open: (accountId: string) =>
    database.query<MissedEvent>(
      `select distinct on (region) ${columns} from missed_event
       where account_id = $1 and state = 'missed' and judged_at > coalesce((select verified_at from cell_verification v
         where v.account_id = missed_event.account_id and v.region = missed_event.region), '-infinity')
       order by region, judged_at desc`,
      [accountId],
    ),
});
