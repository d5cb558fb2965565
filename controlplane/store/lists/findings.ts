import type { Database, Query } from '../database/database.ts';
import { firstColumn } from '../database/query.ts';
import { type Severity, severities } from '../findings/counts.ts';
import type { Exposure, FindingState } from '../findings/finding.ts';
import { type FindingRecord, type FindingRow, findingColumns, findingOf } from '../findings/record.ts';
import { type CountFilter, countFindings, type FindingCounts } from './finding-counts.ts';
import { type Condition, type Listing, type Page, type PageRequest, readPage } from './page.ts';

/** In which order findings are listed. `severity`: the most severe first, and of the same severity the oldest. */
export const findingSorts = ['severity', 'oldest', 'newest', 'account'] as const;
export type FindingSort = (typeof findingSorts)[number];

/** A finding has to meet all that are given. */
export interface FindingFilter {
  readonly account?: string | undefined;
  readonly organizationalUnit?: string | undefined;
  readonly region?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly exposure?: Exposure | undefined;
  readonly state?: FindingState | undefined;
  readonly owner?: string | undefined;
  readonly policyRule?: string | undefined;
  /** First seen at least so many days ago. */
  readonly olderThan?: number | undefined;
  readonly sort?: FindingSort | undefined;
}

/** A page with the counts of the whole list, which come with the first page only. */
export interface FindingPage extends Page<FindingRecord> {
  readonly counts: FindingCounts | undefined;
}

const byId = ['id', 'text'] as const;
const orders: Readonly<Record<FindingSort, Pick<Listing, 'order' | 'descending'>>> = {
  severity: { order: [['severity_order', 'bigint'], ['first_seen', 'timestamptz'], byId] },
  oldest: { order: [['first_seen', 'timestamptz'], byId] },
  newest: { order: [['first_seen', 'timestamptz'], byId], descending: true },
  account: { order: [['account_id', 'text'], ['region', 'text'], ['group_id', 'text'], byId] },
};

const cutoff = `(now() - make_interval(days => $value::int))`;
const cutoffDay = `date_trunc('day', ${cutoff} at time zone 'UTC')`;

/** Accounts below a unit, as a list: the planner then knows how many there are. Undefined: every account is. */
async function accountsBelow(query: Query, unit: string | undefined): Promise<string[] | undefined> {
  if (unit === undefined) return undefined;
  const ids = await firstColumn(query, 'select id from account where parents ? $1', [unit]);
  const others = await query(
    `select 1 from finding_count where grain = 'account' and key <> all($1)
     union all select 1 from finding_count_change where grain = 'account' and key <> all($1) limit 1`,
    [ids],
  );
  return others.length > 0 ? ids : undefined;
}

function conditionsOf(filter: FindingFilter, accounts: readonly string[] | undefined): CountFilter {
  const { account, region, severity, exposure, state, owner, policyRule, olderThan } = filter;
  const facets: Condition[] = [
    ['state = $value', state],
    ['severity_order = $value', severity && severities.indexOf(severity)],
    ['exposure = $value', exposure],
  ];
  const equal = (
    grain: 'account' | 'region' | 'rule' | 'owner',
    column: string,
    value: string | undefined,
  ) =>
    value === undefined
      ? []
      : [{ grain, kept: ['key = $value', value] as const, direct: [`${column} = $value`, value] as const }];
  const others: CountFilter['others'][number][] = [
    ...equal('account', 'account_id', account),
    ...equal('region', 'region', region),
    ...equal('rule', 'policy_rule', policyRule),
    ...equal('owner', 'owner', owner),
  ];
  if (accounts) {
    const kept = ['key = any($value::text[])', accounts] as const;
    others.push({ grain: 'account', kept, direct: ['account_id = any($value::text[])', accounts] });
  }
  if (olderThan !== undefined)
    others.push({
      grain: 'day',
      kept: [`key < to_char(${cutoffDay}, 'YYYY-MM-DD')`, olderThan],
      direct: [`first_seen <= ${cutoff}`, olderThan],
      remainder: [`first_seen >= ${cutoffDay} at time zone 'UTC' and first_seen <= ${cutoff}`, olderThan],
    });
  return { facets, others };
}

export const findingLists = ({ query }: Pick<Database, 'query'>) => ({
  async findings(filter: FindingFilter, page: PageRequest): Promise<FindingPage> {
    const conditions = conditionsOf(filter, await accountsBelow(query, filter.organizationalUnit));
    const { items, last } = await readPage<FindingRow>(
      query,
      {
        ...{ columns: findingColumns, from: 'finding', countedElsewhere: true },
        ...orders[filter.sort ?? 'severity'],
        where: [...conditions.facets, ...conditions.others.map(({ direct }) => direct)],
      },
      page,
    );
    const counts = page.after ? undefined : await countFindings(query, conditions);
    const total = counts && Object.values(counts.state).reduce((sum, count) => sum + count, 0);
    return { items: items.map(findingOf), last, total, counts };
  },
});
