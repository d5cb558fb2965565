import type { CellView } from '../../stacks/cell.ts';
import type { ConditionType } from '../../stacks/conditions.ts';
import { type AccountRecord, accountColumns } from '../accounts.ts';
import type { Database } from '../database/database.ts';
import { type StackRecord, stackColumns } from '../stacks.ts';
import { type Condition, type Page, type PageRequest, readPage } from './page.ts';

/** Filters of what the fleet is made of. An item has to meet all that are given. */
export interface FleetFilter {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** An organizational unit or the root: accounts below it, however deep. */
  readonly organizationalUnit?: string | undefined;
  readonly condition?: { readonly type: ConditionType; readonly status: string } | undefined;
}

/** Which stacks carry the forwarding rules. */
export type Layout = 'region' | 'account';

/** Whether the stack that carries the forwarding of a cell is ready, as an expression over the view `cell`. */
export const forwardingOf = (layout: Layout): string =>
  `case when denied then 'False' else coalesce(${layout === 'account' ? 'account_ready' : 'own_ready'}, 'Unknown') end`;

/** How well a cell is covered: what was not read, or could not be read, is not checked. A missed event disproves it. */
export const coverageOf = (layout: Layout): string =>
  `case when event_missed then 'not-covered'
     when trail = 'true' and ${forwardingOf(layout)} = 'True' then 'covered'
     when trail = 'false' or ${forwardingOf(layout)} = 'False' then 'not-covered' else 'not-checked' end`;

const conditionOf = ({ condition }: FleetFilter): Condition => [
  // One that was never set is not known.
  `coalesce(conditions->($value::jsonb->>'type')->>'status', 'Unknown') = $value::jsonb->>'status'`,
  condition && JSON.stringify(condition),
];

export const fleetLists = ({ query }: Pick<Database, 'query'>) => ({
  /** By path, name and id. */
  accounts: (
    filter: FleetFilter & { readonly state?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AccountRecord>> =>
    readPage(
      query,
      {
        columns: accountColumns,
        from: 'account',
        order: [
          ['path', 'text'],
          ['name', 'text'],
          ['id', 'text'],
        ],
        where: [
          ['id = $value', filter.account],
          [`regions @> jsonb_build_array(jsonb_build_object('region', $value::text))`, filter.region],
          ['parents ? $value', filter.organizationalUnit],
          ['state = $value', filter.state],
          conditionOf(filter),
        ],
      },
      page,
    ),
  /** The hub first, then by account: its own stack, then those of its Regions. */
  stacks: (filter: FleetFilter, page: PageRequest): Promise<Page<StackRecord>> =>
    readPage(
      query,
      {
        columns: stackColumns,
        from: 'stack',
        order: [
          [`(kind <> 'hub')`, 'boolean'],
          ['account_id', 'text'],
          ['key', 'text'],
        ],
        where: [
          ['account_id = $value', filter.account],
          ['region = $value', filter.region],
          ['account_id in (select id from account where parents ? $value)', filter.organizationalUnit],
          conditionOf(filter),
        ],
      },
      page,
    ),
  /** By path, name, account and Region. */
  cells: (
    layout: Layout,
    filter: Omit<FleetFilter, 'condition'> & { readonly coverage?: string | undefined },
    page: PageRequest,
  ): Promise<Page<CellView>> =>
    readPage(
      query,
      {
        columns: `account_id as account, name, region,
          case trail when 'true' then to_jsonb(true) when 'false' then to_jsonb(false) else to_jsonb('unknown'::text) end as trail,
          ${forwardingOf(layout)} as forwarding, ${coverageOf(layout)} as coverage,
          case when event_missed then 'EventMissed' when trail = 'false' then 'NoTrail'
            when ${forwardingOf(layout)} = 'False' then 'NotForwarded' end as reason,
          case when is_verified then 'yes' when tried then 'no' else 'never' end as verified,
          verified_at, kind, milliseconds, recorded_milliseconds, failed_at, message`,
        from: 'cell',
        order: [
          ['path', 'text'],
          ['name', 'text'],
          ['account_id', 'text'],
          ['region', 'text'],
        ],
        where: [
          ['account_id = $value', filter.account],
          ['region = $value', filter.region],
          ['parents ? $value', filter.organizationalUnit],
          [`${coverageOf(layout)} = $value`, filter.coverage],
        ],
      },
      page,
    ),
});
