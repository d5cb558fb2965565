import type { RemediationResult } from '../../../lambda/contract/result.ts';
import type { Database, Query } from '../database/database.ts';
import type { PageRequest } from '../database/page.ts';
import { inTransaction } from '../database/query.ts';
import { absenceOf, type CellKnowledge, withReading } from './cell-knowledge.ts';
import { excepted } from './excepted.ts';
import type { CellReading } from './finding.ts';
import { findingId } from './identity.ts';
import { type FindingFilter, findingPage } from './list.ts';
import { type Cause, mergeObservations, resolveAbsent, type StateChange } from './merge.ts';
import {
  cleanAt,
  type Observation,
  observationsOfReading,
  observationsOfResult,
  oneForEach,
} from './observation.ts';
import { findingById } from './record.ts';

/** What a reading or a result changed, by the ids of findings. */
export interface FindingChanges {
  readonly opened: readonly string[];
  readonly excepted: readonly string[];
  readonly remediated: readonly string[];
  readonly resolved: readonly string[];
}

/** What a complete reading of a cell changed. */
export interface CellChanges extends FindingChanges {
  /** Open or excepted findings that were not known, or had ended, before this reading. */
  readonly appeared: readonly string[];
  /** The newest complete reading that was recorded before; null where this is the first of the cell. */
  readonly previous: {
    readonly readAt: Date;
    readonly sweepId: string;
    readonly policyDigest: string;
  } | null;
}

interface Cell extends CellKnowledge {
  readonly sweepId: string | null;
  readonly policyDigest: string | null;
}

type Place = Pick<Cause, 'accountId' | 'region'>;

/** What is known of a cell, locked until the transaction ends: readings and results of one cell come one at a time. */
async function lockCell(query: Query, { accountId, region }: Place): Promise<Cell> {
  const place = [accountId, region];
  await query('insert into finding_cell (account_id, region) values ($1, $2) on conflict do nothing', place);
  const [cell] = await query<Cell>(
    `select read_at, sweep_id, policy_digest, undecided from finding_cell
     where account_id = $1 and region = $2 for update`,
    place,
  );
  if (!cell) throw new Error(`the cell ${accountId} ${region} was deleted under its lock`);
  return cell;
}

/** Adds to each observation the newest complete reading of its cell or group that did not list it. */
async function withAbsence(
  query: Query,
  { accountId, region }: Place,
  cell: CellKnowledge,
  observations: readonly Observation[],
): Promise<Observation[]> {
  if (observations.length === 0) return [];
  const clean = await query<{ groupId: string; cleanAt: Date }>(
    'select group_id, clean_at from finding_group where account_id = $1 and region = $2 and group_id = any($3)',
    [accountId, region, [...new Set(observations.map(({ groupId }) => groupId))]],
  );
  const byGroup = new Map(clean.map((each) => [each.groupId, each.cleanAt.toISOString()]));
  return observations.map((each) => {
    const [absent, group] = [absenceOf(cell, each.id), byGroup.get(each.groupId)];
    const isLater = group !== undefined && (absent === null || group > absent);
    return { ...each, absentAt: isLater ? group : absent };
  });
}

const changesOf = (changes: readonly StateChange[]): FindingChanges => {
  const to = (state: StateChange['to']) => changes.filter((each) => each.to === state).map(({ id }) => id);
  return {
    ...{ opened: to('open'), excepted: to('excepted') },
    ...{ remediated: to('remediated'), resolved: to('resolved') },
  };
};

const isPresent = (state: StateChange['from']): boolean => state === 'open' || state === 'excepted';

async function keepCell(
  query: Query,
  { accountId, region, sweepId, policyDigest, groups, undecided }: CellReading,
  { readAt, undecided: open }: CellKnowledge,
  isNewest: boolean,
): Promise<void> {
  await query(
    `update finding_cell set read_at = $3, undecided = $4, sweep_id = case when $5 then $6 else sweep_id end,
       policy_digest = case when $5 then $7 else policy_digest end, groups = case when $5 then $8 else groups end
     where account_id = $1 and region = $2`,
    [accountId, region, readAt, JSON.stringify(open), isNewest, sweepId, policyDigest, groups],
  );
  await query(
    `delete from finding_group where account_id = $1 and region = $2 and clean_at <= $3 and group_id <> all($4)`,
    [accountId, region, readAt, undecided.map(({ groupId }) => groupId)],
  );
}

/** Records one complete reading, as a part of the query's transaction. */
export async function recordReading(query: Query, reading: CellReading): Promise<CellChanges> {
  const { accountId, region, readAt, sweepId } = reading;
  const cell = await lockCell(query, reading);
  const cause: Cause = { accountId, region, via: 'sweep', id: sweepId };
  const ids = reading.undecided.map((each) => findingId({ accountId, region, ...each }));
  const listed = oneForEach(observationsOfReading(reading));
  const known = withReading(cell, { readAt, undecided: ids, listed: new Set(listed.map(({ id }) => id)) });
  const merged = await mergeObservations(query, cause, await withAbsence(query, reading, known, listed));
  const ruleIds = reading.undecided.flatMap(({ ruleId }) => (ruleId ? [ruleId] : []));
  const resolved = await resolveAbsent(query, cause, {
    ...{ at: readAt.toISOString(), groupId: null, except: { ids, ruleIds } },
  });
  await keepCell(query, reading, known, cell.readAt === null || readAt >= cell.readAt);
  return {
    ...changesOf([...merged, ...resolved]),
    appeared: merged.filter(({ from, to }) => !isPresent(from) && isPresent(to)).map(({ id }) => id),
    previous: cell.readAt && {
      ...{ readAt: cell.readAt, sweepId: cell.sweepId ?? '', policyDigest: cell.policyDigest ?? '' },
    },
  };
}

/** Remembers that a group was clean, for what earlier events still report late. */
async function keepClean(query: Query, { account, region, groupId }: RemediationResult, at: string) {
  await query(
    `insert into finding_group (account_id, region, group_id, clean_at) values ($1, $2, $3, $4)
     on conflict (account_id, region, group_id)
       do update set clean_at = greatest(finding_group.clean_at, excluded.clean_at)`,
    [account, region, groupId, at],
  );
}

/**
 * Records an event's result in the list, as a part of the transaction that the query belongs to. Only a result that
 * read the whole group without an offence resolves what it does not list.
 */
export async function recordFindingsOf(query: Query, result: RemediationResult): Promise<FindingChanges> {
  const { account: accountId, region, groupId, eventId } = result;
  const clean = cleanAt(result);
  const isAboutNothing = observationsOfResult(result).length + result.excepted.length === 0;
  if (groupId === null || (isAboutNothing && clean === undefined)) return changesOf([]);
  const cell = await lockCell(query, { accountId, region });
  const cause: Cause = { accountId, region, via: 'event', id: eventId };
  const allowed = await excepted(query, result);
  const seen = oneForEach([...observationsOfResult(result), ...allowed]);
  const merged = await mergeObservations(query, cause, await withAbsence(query, cause, cell, seen));
  if (clean === undefined) return changesOf(merged);
  const ruleIds = result.excepted.map(({ ruleId }) => ruleId);
  const resolved = await resolveAbsent(query, cause, { at: clean, groupId, except: { ids: [], ruleIds } });
  if (ruleIds.length === 0) await keepClean(query, result, clean);
  return changesOf([...merged, ...resolved]);
}

/**
 * Resolves what is open in accounts that left the organization, where nothing can be read any more. An account that has
 * stacks waits until they are archived, because a listing that shrank too much is held there. If the account returns, its
 * next reading opens what it lists and counts as the first of its cell: events of the time between were not forwarded, so
 * none was missed.
 * @param at when the listing without these accounts began; what was read later stays
 */
async function closeDeparted({ query, transaction }: Database, at: Date): Promise<void> {
  const cells = await query<Place>(
    `select cell.account_id, cell.region from finding_cell cell join account on account.id = cell.account_id
     where account.state = 'DEPARTED' and not exists (select 1 from stack where stack.account_id = account.id)
       and (cell.read_at is not null or exists (select 1 from finding where finding.account_id = cell.account_id
         and finding.region = cell.region and finding.state in ('open', 'excepted')))`,
  );
  for (const cell of cells)
    await transaction(async (within) => {
      await lockCell(within, cell);
      const cause: Cause = { ...cell, via: 'account-left', id: cell.accountId };
      const nothing = { groupId: null, except: { ids: [], ruleIds: [] } };
      await resolveAbsent(within, cause, { at: at.toISOString(), ...nothing });
      await within(
        `update finding_cell set read_at = null, sweep_id = null, policy_digest = null, groups = null, undecided = '{}'
         where account_id = $1 and region = $2 and read_at <= $3`,
        [cell.accountId, cell.region, at],
      );
    });
}

export const findingStore = (database: Database) => ({
  /**
   * Records a complete reading of a cell: all of it or nothing. Idempotent, and independent of the order in which
   * readings and results arrive. May be called by several processes at once.
   */
  recordCell: inTransaction(database, recordReading),
  /** Records an event's result; `remediations.append` does so too. Idempotent, and independent of the order. */
  recordResult: inTransaction(database, recordFindingsOf),
  closeDeparted: (at: Date) => closeDeparted(database, at),
  /** One finding with the newest changes of its state; undefined where there is none of that id. */
  get: (id: string) => findingById(database.query, id),
  page: (filter: FindingFilter, page: PageRequest) => findingPage(database.query, filter, page),
});
