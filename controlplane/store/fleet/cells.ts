import type { CellView } from '../../stacks/cell.ts';
import type { Database } from '../database/database.ts';
import type { FleetFilter } from '../database/filter.ts';
import { type Filter, type PageRequest, readPage } from '../database/page.ts';

/** Which stacks carry the forwarding rules. */
export type Layout = 'region' | 'account';

/** Whether the stack that carries the forwarding of a cell is ready, as an expression over the view `cell`. */
const forwardingOf = (layout: Layout): string =>
  `case when denied then 'False' else coalesce(${layout === 'account' ? 'account_ready' : 'own_ready'}, 'Unknown') end`;

/** How well a cell is covered: what was not read, or could not be read, is not checked. A missed event disproves it. */
export const coverageOf = (layout: Layout): string =>
  `case when event_missed then 'not-covered'
     when trail = 'true' and ${forwardingOf(layout)} = 'True' then 'covered'
     when trail = 'false' or ${forwardingOf(layout)} = 'False' then 'not-covered' else 'not-checked' end`;

export const cellReads = ({ query }: Database) => ({
  /** By path, name, account and Region. */
  cells: (
    layout: Layout,
    { account, region, organizationalUnit, coverage }: Omit<FleetFilter, 'condition'> & Filter<'coverage'>,
    page: PageRequest,
  ) =>
    readPage<CellView>(query, page, {
      columns: `account_id as account, name, region,
        case trail when 'true' then to_jsonb(true) when 'false' then to_jsonb(false) else to_jsonb('unknown'::text) end as trail,
        ${forwardingOf(layout)} as forwarding, ${coverageOf(layout)} as coverage,
        case when event_missed then 'EventMissed' when trail = 'false' then 'NoTrail'
          when ${forwardingOf(layout)} = 'False' then 'NotForwarded' end as reason,
        case when is_verified then 'yes' when tried then 'no' else 'never' end as verified,
        verified_at, kind, milliseconds, recorded_milliseconds, failed_at, message`,
      from: 'cell',
      order: { path: 'text', name: 'text', account_id: 'text', region: 'text' },
      equal: { account_id: account, region, [coverageOf(layout)]: coverage },
      where: [['parents ? $value', organizationalUnit]],
    }),
});
