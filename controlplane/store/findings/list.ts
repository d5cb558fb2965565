import type { Query } from '../database/database.ts';
import {
  type Condition,
  type Filter,
  type Listing,
  type Page,
  type PageRequest,
  readPage,
} from '../database/page.ts';
import { firstRow } from '../database/query.ts';
import { type Severity, severities } from './counts.ts';
import type { Exposure, FindingState } from './finding.ts';
import { type CountFilter, countFindings, type FindingCounts } from './list-counts.ts';
import { type FindingRecord, type FindingRow, findingColumns, findingOf } from './record.ts';

/** In which order findings are listed. `severity`: the most severe first, and of the same severity the oldest. */
export const findingSorts = ['severity', 'oldest', 'newest', 'account'] as const;
export type FindingSort = (typeof findingSorts)[number];

export interface FindingFilter
  extends Filter<'account' | 'organizationalUnit' | 'region' | 'owner' | 'policyRule'> {
  readonly severity?: Severity | undefined;
  readonly exposure?: Exposure | undefined;
  readonly state?: FindingState | undefined;
  /** First seen at least so many days ago. */
  readonly olderThan?: number | undefined;
  readonly sort?: FindingSort | undefined;
}

/** A page with the counts of the whole list, which come with the first page only. */
export interface FindingPage extends Page<FindingRecord> {
  readonly counts: FindingCounts | undefined;
}

const orders: Readonly<Record<FindingSort, Pick<Listing, 'order' | 'descending'>>> = {
  severity: { order: { severity_order: 'bigint', first_seen: 'timestamptz', id: 'text' } },
  oldest: { order: { first_seen: 'timestamptz', id: 'text' } },
  newest: { order: { first_seen: 'timestamptz', id: 'text' }, descending: true },
  account: { order: { account_id: 'text', region: 'text', group_id: 'text', id: 'text' } },
};

/** When a finding of so many days was first seen, at the latest; and the beginning of that day or month, in UTC. */
const cutoff = `(now() - make_interval(days => $value::int))`;
const beginning = (of: 'day' | 'month') => `date_trunc('${of}', ${cutoff} at time zone 'UTC')`;
const isOlder = `first_seen <= ${cutoff}`;
const sinceBeginning = (of: 'day' | 'month') =>
  `first_seen >= ${beginning(of)} at time zone 'UTC' and ${isOlder}`;

/** Accounts below a unit, as a list: the planner then knows how many there are. Undefined: every account is. */
async function accountsBelow(query: Query, unit: string | undefined): Promise<string[] | undefined> {
  if (unit === undefined) return undefined;
  const found = await firstRow<{ ids: string[] | null }>(
    query,
    `select case when bool_and(parents ? $1) then null
       else coalesce(array_agg(id) filter (where parents ? $1), '{}') end as ids from account`,
    [unit],
  );
  return found?.ids ?? undefined;
}

type Others = Pick<FindingFilter, 'account' | 'region' | 'owner' | 'policyRule' | 'olderThan'> & {
  readonly accounts: readonly string[] | undefined;
};

/** The conditions on the kept counts; undefined where no kept counts have this combination. */
function keptOf({ account, accounts, region, owner, policyRule, olderThan }: Others): CountFilter['kept'] {
  const grain = (name: string): Condition => ['grain = $value', name];
  const given = [account, accounts, owner, region, policyRule, olderThan].filter(
    (value) => value !== undefined,
  );
  if (given.length === 0) return { where: [grain('all')] };
  if (given.length > 1 && (account ?? accounts ?? owner) !== undefined) return undefined;
  if (account !== undefined) return { where: [grain('account'), ['key = $value', account]] };
  if (accounts) return { where: [grain('account'), ['key = any($value::text[])', accounts]] };
  if (owner !== undefined) return { where: [grain('owner'), ['key = $value', owner]] };
  if (given.length === 1 && olderThan !== undefined) {
    const months = `grain = 'all' and month < to_char(${beginning('month')}, 'YYYY-MM')`;
    const days = `grain = 'day' and key >= to_char(${beginning('month')}, 'YYYY-MM-DD')
      and key < to_char(${beginning('day')}, 'YYYY-MM-DD')`;
    return {
      where: [[`(${months}) or (${days})`, olderThan]],
      remainder: [[sinceBeginning('day'), olderThan]],
    };
  }
  const where: Condition[] =
    region === undefined
      ? [grain('rule'), ['key = $value', policyRule]]
      : [grain('region'), ['key = $value', region], ['rule = $value', policyRule]];
  if (olderThan === undefined) return { where };
  return {
    where: [...where, [`month < to_char(${beginning('month')}, 'YYYY-MM')`, olderThan]],
    remainder: [
      ...[['region = $value', region] as const, ['policy_rule = $value', policyRule] as const],
      [sinceBeginning('month'), olderThan],
    ],
  };
}

function conditionsOf(filter: FindingFilter, accounts: readonly string[] | undefined): CountFilter {
  const { account, region, severity, exposure, state, owner, policyRule, olderThan } = filter;
  return {
    facets: [
      ['state = $value', state],
      ['severity_order = $value', severity && severities.indexOf(severity)],
      ['exposure = $value', exposure],
    ],
    direct: [
      ['account_id = $value', account],
      ['account_id = any($value::text[])', accounts],
      ['region = $value', region],
      ['policy_rule = $value', policyRule],
      ['owner = $value', owner],
      [isOlder, olderThan],
    ],
    kept: keptOf({ account, accounts, region, owner, policyRule, olderThan }),
  };
}

export async function findingPage(
  query: Query,
  filter: FindingFilter,
  page: PageRequest,
): Promise<FindingPage> {
  const conditions = conditionsOf(filter, await accountsBelow(query, filter.organizationalUnit));
  const { items, last } = await readPage<FindingRow>(query, page, {
    ...{ columns: findingColumns, from: 'finding', countedElsewhere: true },
    ...orders[filter.sort ?? 'severity'],
    where: [...conditions.facets, ...conditions.direct],
  });
  const counts = page.after ? undefined : await countFindings(query, conditions);
  const total = counts && Object.values(counts.state).reduce((sum, count) => sum + count, 0);
  return { items: items.map(findingOf), last, total, counts };
}
