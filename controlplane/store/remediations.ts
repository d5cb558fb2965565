import { isSameResult, mergeResults } from '../../lambda/contract/merge.ts';
import type { Outcome, RemediationResult } from '../../lambda/contract/result.ts';
import type { Database, Query } from './database/database.ts';
import { accountBelow } from './database/filter.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstColumn, inTransaction } from './database/query.ts';
import { recordFindingsOf } from './findings/findings.ts';
import { type OpenEscalation, openEscalations } from './fleet/escalations.ts';

export interface RemediationRecord {
  /** `<eventId>:<groupId>`, where the group id is empty if the event named no group. */
  readonly id: string;
  readonly eventId: string;
  readonly groupId: string;
  readonly time: Date;
  readonly accountId: string;
  readonly region: string;
  readonly outcome: string;
  /** All results of the event for the group, merged. */
  readonly result: RemediationResult;
}

const columns = `event_id || ':' || group_id as id, event_id, group_id, time,
  account_id, region, outcome, result`;

/** The first result of an event and group; false where there is one. A part is kept as received beside the merge. */
async function insertFirst(query: Query, result: RemediationResult): Promise<boolean> {
  const { eventId, groupId, time, account, region, outcome } = result;
  const received = result.parts === undefined ? null : JSON.stringify([result]);
  const rows = await query(
    `insert into remediation (event_id, group_id, time, account_id, region, outcome, result, received, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, now()) on conflict do nothing returning event_id`,
    [
      ...[eventId, groupId ?? '', time, account, region, outcome],
      ...[JSON.stringify(mergeResults([result])), received],
    ],
  );
  return rows.length > 0;
}

interface Known {
  readonly outcome: string;
  readonly result: RemediationResult;
  /** Null where `result` is the only one. */
  readonly received: readonly RemediationResult[] | null;
}

/** What a result made of an event and group: the outcome of all that is known, and whether it is the first. */
export interface OutcomeChange {
  readonly outcome: Outcome;
  readonly change: 'first' | 'later';
}

const firstOf = ({ outcome }: RemediationResult): OutcomeChange => ({ outcome, change: 'first' });

/** Received results are kept, so that the merge is of all results and does not depend on their order. */
async function mergeInto(query: Query, result: RemediationResult): Promise<OutcomeChange | undefined> {
  const id = [result.eventId, result.groupId ?? ''];
  const [known] = await query<Known>(
    'select outcome, result, received from remediation where event_id = $1 and group_id = $2 for update',
    id,
  );
  // Its retention ended in between.
  if (!known) return (await insertFirst(query, result)) ? firstOf(result) : undefined;
  const before = known.received ?? [known.result];
  if (before.some((each) => isSameResult(each, result))) return undefined;
  const received = [...before, result];
  const merged = mergeResults(received);
  await query(
    `update remediation set time = $3, account_id = $4, region = $5, outcome = $6, result = $7, received = $8
     where event_id = $1 and group_id = $2`,
    [
      ...[...id, merged.time, merged.account, merged.region, merged.outcome],
      ...[JSON.stringify(merged), JSON.stringify(received)],
    ],
  );
  return merged.outcome === known.outcome ? undefined : { outcome: merged.outcome, change: 'later' };
}

/** The record and the list of findings together, or neither. */
async function record(query: Query, result: RemediationResult): Promise<OutcomeChange | undefined> {
  const change = (await insertFirst(query, result)) ? firstOf(result) : await mergeInto(query, result);
  await recordFindingsOf(query, result);
  return change;
}

export function remediationStore(database: Database) {
  const { query } = database;
  return {
    /**
     * Merges a result with those of the same event and group, in any order of arrival; one that is received twice
     * changes nothing. The list of findings gets what it says as well. Undefined where the outcome is the same as before.
     */
    append: inTransaction(database, record),
    /** The results of an event, one for each security group that it was about. */
    ofEvent: (eventId: string) =>
      query<RemediationRecord>(`select ${columns} from remediation where event_id = $1 order by group_id`, [
        eventId,
      ]),
    /** The results of a group since a moment, so many at most, the oldest first. */
    ofGroup: (
      { accountId, region, groupId }: { accountId: string; region: string; groupId: string },
      since: Date,
      most = 500,
    ): Promise<RemediationResult[]> =>
      firstColumn(
        query,
        `select result from remediation
         where account_id = $1 and time >= $2 and region = $3 and group_id = $4 order by time limit $5`,
        [accountId, since, region, groupId, most],
      ),
    /** The longest open first, a hundred at most. */
    openEscalations: () => query<OpenEscalation>(`${openEscalations} order by time, group_id limit 100`),
    /** Newest first. */
    page: (
      {
        account,
        region,
        organizationalUnit,
        outcome,
      }: Filter<'account' | 'region' | 'organizationalUnit' | 'outcome'>,
      page: PageRequest,
    ) =>
      readPage<RemediationRecord>(query, page, {
        ...{ columns, from: 'remediation', descending: true },
        order: { time: 'timestamptz', event_id: 'text', group_id: 'text' },
        equal: { account_id: account, region, outcome },
        where: [accountBelow(organizationalUnit)],
      }),
  };
}
