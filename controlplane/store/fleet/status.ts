import type { Database, Query } from '../database/database.ts';
import { coverageOf, type Layout } from './cells.ts';
import { type OpenEscalation, openEscalations } from './escalations.ts';

/** How many of the accounts, stacks and cells of a part of the organization are as they should be. */
export interface Counts {
  readonly accounts: number;
  /** Active accounts whose Regions were never read: how many cells they have is not known. */
  readonly accountsNotRead: number;
  readonly accountsReady: number;
  /** Active accounts that the settings leave out; their cells are in no count. */
  readonly accountsOutOfScope: number;
  readonly stacks: number;
  readonly stacksReady: number;
  readonly stacksDrifted: number;
  readonly cells: number;
  /** Forwarding and a covering trail. */
  readonly covered: number;
  readonly notCovered: number;
  /** Not read yet, or not readable. */
  readonly notChecked: number;
  readonly verified: number;
  /** Cells whose last verification failed. */
  readonly notVerified: number;
  /** The latest and the earliest time at which a cell that is verified was verified. */
  readonly lastVerifiedAt: Date | null;
  readonly earliestVerifiedAt: Date | null;
}

/** One line of the table: an account, or all accounts of an organizational unit. */
export interface Group extends Counts {
  /** Names of the organizational units, the topmost first. */
  readonly path: string;
  /** The id, name and state where it is one account. */
  readonly account: { readonly id: string; readonly name: string; readonly state: string } | null;
}

/** Something that is not as it should be. */
export interface Remark {
  /** An account, a stack key, or an account and a Region. */
  readonly about: string;
  readonly what: string;
  readonly message: string;
}

export interface FleetStatus {
  readonly total: Counts;
  readonly groups: readonly Group[];
  readonly moreGroups: number;
  readonly remarks: readonly Remark[];
  readonly moreRemarks: number;
  /** What is wrong with trails that cover, for which nothing is missed; so many accounts at most. */
  readonly warnings: readonly Remark[];
  readonly hub: { readonly ready: string; readonly message: string } | null;
  readonly escalations: readonly OpenEscalation[];
  readonly openEscalations: number;
}

/** With more accounts than this, the table has a line for each organizational unit. */
export const mostAccounts = 50;
const mostGroups = 100;
const mostRemarks = 50;

const sums = `count(*)::int as accounts,
  count(*) filter (where in_scope and not was_read)::int as accounts_not_read,
  count(*) filter (where in_scope and ready)::int as accounts_ready,
  count(*) filter (where out_of_scope)::int as accounts_out_of_scope,
  coalesce(sum(stacks), 0)::int as stacks, coalesce(sum(stacks_ready), 0)::int as stacks_ready,
  coalesce(sum(stacks_drifted), 0)::int as stacks_drifted, coalesce(sum(cells), 0)::int as cells,
  coalesce(sum(covered), 0)::int as covered, coalesce(sum(not_covered), 0)::int as not_covered,
  coalesce(sum(not_checked), 0)::int as not_checked, coalesce(sum(verified), 0)::int as verified,
  coalesce(sum(not_verified), 0)::int as not_verified,
  max(last_verified_at) as last_verified_at, min(earliest_verified_at) as earliest_verified_at`;

/**
 * The whole, then each group, in one statement: cells and stacks are counted by account first, and accounts then. Without
 * accounts the whole has zeros.
 */
const countsBy = (layout: Layout): string => `
  with of_cells as (
    select account_id, count(*) as cells,
      count(*) filter (where coverage = 'covered') as covered,
      count(*) filter (where coverage = 'not-covered') as not_covered,
      count(*) filter (where coverage = 'not-checked') as not_checked,
      count(*) filter (where is_verified) as verified, count(*) filter (where tried and not is_verified) as not_verified,
      max(verified_at) filter (where is_verified) as last_verified_at,
      min(verified_at) filter (where is_verified) as earliest_verified_at
    from (select *, ${coverageOf(layout)} as coverage from cell where not out_of_scope) as cell group by account_id
  ), of_stacks as (
    select account_id, count(*) as stacks,
      count(*) filter (where conditions->'Ready'->>'status' = 'True') as stacks_ready,
      count(*) filter (where conditions->'Drifted'->>'status' = 'True') as stacks_drifted
    from stack where kind <> 'hub' group by account_id
  ), known as (
    select *, state = 'ACTIVE' and not out_of_scope as in_scope from (
      select id, name, path, state, jsonb_array_length(regions) > 0 as was_read,
        state = 'ACTIVE' and coalesce(conditions->'Ready'->>'reason' = 'OutOfScope', false) as out_of_scope,
        conditions->'Ready'->>'status' is not distinct from 'True' as ready,
        case when (select count(*) from account) > ${mostAccounts} then path else id end as part
      from account) as account
      left join of_cells on of_cells.account_id = id left join of_stacks on of_stacks.account_id = id
  )
  select min(path) as path, min(name) as name, min(id) as id, min(state) as state,
    (select count(*) from account) <= ${mostAccounts} as by_account, count(*) over () - 1 as groups, ${sums}
  from known group by grouping sets ((), (part))
  order by grouping(part) desc, min(path), min(name), part limit ${mostGroups + 1}`;

interface CountRow extends Counts {
  readonly path: string;
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly byAccount: boolean;
  readonly groups: string | number;
}

/** What is not as it should be, account by account: the account itself, its stacks, and its cells. */
const remarks = `
  with active as (
    select * from account where state = 'ACTIVE' and conditions->'Ready'->>'reason' is distinct from 'OutOfScope'
  ), remark as (
    select id as account_id, 1 as place, id as about, type || ' ' || (conditions->type->>'reason') as what,
      conditions->type->>'message' as message
    from active, unnest(array['Ready', 'TrailsCovered', 'EventsDelivered']) as type
    where conditions->type->>'status' <> 'True'
    union all
    select id, 1, id, 'not ready', 'never reconciled' from active where conditions->'Ready' is null
    union all
    select account_id, 2, key, 'not ready', coalesce(stack.conditions->'Ready'->>'message', 'never reconciled')
    from stack join active on active.id = account_id
    where stack.conditions->'Ready'->>'status' is distinct from 'True'
    union all
    select account_id, 0, key, 'EventsDelivered ' || (conditions->'EventsDelivered'->>'reason'),
      conditions->'EventsDelivered'->>'message'
    from stack where kind = 'hub' and conditions->'EventsDelivered'->>'status' <> 'True'
    union all
    -- A stack that could not be destroyed or archived and is no longer retried.
    select account_id, 2, key, 'not ready', conditions->'Stalled'->>'message' from stack
    where kind <> 'hub' and conditions->'Stalled'->>'status' = 'True' and account_id not in (select id from active)
    union all
    select account_id, 2, key, 'drifted', stack.conditions->'Drifted'->>'message'
    from stack join active on active.id = account_id where stack.conditions->'Drifted'->>'status' = 'True'
    union all
    select account_id, 3, account_id || ' ' || region, 'event missed', 'a sweep found ingress that no event announced; find the cause: portcullis verify --account ' || account_id || ' --region ' || region
    from cell where event_missed and not out_of_scope
    union all
    select account_id, 3, account_id || ' ' || region, 'not verified', coalesce(message, '')
    from cell where tried and not is_verified and not out_of_scope
  )
  select about, what, message, count(*) over ()::int as total from remark
  order by account_id, place, about, what limit ${mostRemarks}`;

const warnings = `
  select id as about, 'trail warning' as what,
    regexp_replace(conditions->'TrailsCovered'->>'message', '^[0-9]+ Regions; ', '') as message
  from account where state = 'ACTIVE' and conditions->'TrailsCovered'->>'status' = 'True'
    and regions @? '$[*].trail.warnings[*]'
  order by id limit ${mostRemarks}`;

async function counted(query: Query, layout: Layout) {
  const rows = await query<CountRow>(countsBy(layout));
  const parts = rows.map(({ path, name, id, state, byAccount, groups, ...counts }) => ({
    ...{ groups: Number(groups), counts },
    group: { path, account: byAccount ? { id, name, state } : null, ...counts },
  }));
  const [whole, ...shown] = parts;
  if (!whole) throw new Error('the counts came without their total');
  const groups = shown.map(({ group }) => group);
  return { total: whole.counts, groups, moreGroups: whole.groups - groups.length };
}

/** How the fleet is, counted by the database: what is read grows with what is shown and not with the fleet. */
export const statusReads = ({ query }: Database) => ({
  async status(layout: Layout): Promise<FleetStatus> {
    const counts = await counted(query, layout);
    const found = await query<Remark & { total: number }>(remarks);
    const [hub] = await query<{ ready: string; message: string }>(
      `select coalesce(conditions->'Ready'->>'status', 'Unknown') as ready,
         coalesce(conditions->'Ready'->>'message', '') as message from stack where kind = 'hub'`,
    );
    const open = await query<OpenEscalation & { total: number }>(
      `select *, count(*) over ()::int as total from (${openEscalations}) as open order by time, group_id limit 20`,
    );
    return {
      ...counts,
      remarks: found.map(({ total: _, ...remark }) => remark),
      moreRemarks: (found[0]?.total ?? 0) - found.length,
      warnings: await query<Remark>(warnings),
      hub: hub ?? null,
      escalations: open.map(({ total: _, ...each }) => each),
      openEscalations: open[0]?.total ?? 0,
    };
  },
});
