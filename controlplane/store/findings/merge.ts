import { type Query, rowsOf } from '../database/query.ts';
import type { FindingCause, FindingState } from './finding.ts';
import type { Observation } from './observation.ts';

/** Where findings are, and what says so. */
export interface Cause {
  readonly accountId: string;
  readonly region: string;
  readonly via: FindingCause;
  /** The id of the sweep, of the event, or of the account that left. */
  readonly id: string;
}

/** A finding that is new, or in another state than before. */
export interface StateChange {
  readonly id: string;
  /** Null where it is new. */
  readonly from: FindingState | null;
  readonly to: FindingState;
}

/**
 * The state by the newest readings. An id of a security group rule is never used again: a rule that was deleted is not
 * present, even if an older listing has it. At the same time, present is stronger than absent.
 */
const stateOf = (row: string): string => `case
  when ${row}.seen_at is null or ${row}.seen_rule_id = ${row}.gone_rule_id or ${row}.seen_at < ${row}.gone_at
    then 'remediated'
  when ${row}.absent_at > ${row}.seen_at then 'resolved' else ${row}.seen_state end`;

/** Columns of the observation's content, which its newest observation says. */
const content = {
  group_name: 'coalesce(g.group_name, f.group_name)',
  vpc_id: 'coalesce(g.vpc_id, f.vpc_id)',
  rule_id: 'g.rule_id',
  policy_rule: 'g.policy_rule',
  policy_digest: 'g.policy_digest',
  severity: 'g.severity',
  mode: 'g.mode',
  why: 'g.why',
  exceptions: 'g.exceptions',
};

const newestContent = Object.entries(content)
  .map(([name, value]) => `case when n.newer then ${value} else f.${name} end as ${name}`)
  .join(',\n    ');

/** The registers that decide the state: each keeps its newest entry, so the order of arrival does not matter. */
const registers = `
  case when n.seen_newer then g.seen_at else f.seen_at end as seen_at,
  case when n.seen_newer then g.seen_state else f.seen_state end as seen_state,
  case when n.seen_newer then g.rule_id else f.seen_rule_id end as seen_rule_id,
  case when n.gone_newer then g.gone_at else f.gone_at end as gone_at,
  case when n.gone_newer then g.gone_rule_id else f.gone_rule_id end as gone_rule_id,
  greatest(f.absent_at, g.absent_at) as absent_at`;

const newer = `
  f.id is null or t.as_of >= t.known as newer,
  g.seen_at is not null and (f.seen_at is null or (g.seen_at, g.seen_state = 'open', coalesce(g.rule_id, ''))
    > (f.seen_at, f.seen_state = 'open', coalesce(f.seen_rule_id, ''))) as seen_newer,
  g.gone_at is not null and (f.gone_at is null or (g.gone_at, g.gone_rule_id) > (f.gone_at, f.gone_rule_id))
    as gone_newer,
  g.exposure is not null and (f.exposure_read_at is null or t.as_of >= f.exposure_read_at) as exposure_newer,
  (g.owner_read or g.owner is not null) and (f.owner_read_at is null or t.as_of >= f.owner_read_at) as owner_newer`;

/** What an event does not read stays as a sweep read it. A call that opened the same rule stays known. */
const seldomRead = `
  case when n.exposure_newer then g.exposure->>'level' else coalesce(f.exposure, 'unknown') end as exposure,
  case when n.exposure_newer then g.exposure->>'why'
    else coalesce(f.exposure_why, 'no sweep has read it yet') end as exposure_why,
  case when n.exposure_newer then g.exposure->'addresses' else coalesce(f.addresses, '[]') end as addresses,
  case when n.exposure_newer then t.as_of else f.exposure_read_at end as exposure_read_at,
  case when n.owner_newer then g.owner->>'by' else f.owner_by end as owner_by,
  case when n.owner_newer then g.owner->>'tag' else f.owner_tag end as owner_tag,
  case when n.owner_newer then g.owner->>'value' else f.owner end as owner,
  case when n.owner_newer then t.as_of else f.owner_read_at end as owner_read_at,
  case when n.newer then coalesce(g.opened_by, case when f.rule_id = g.rule_id then f.opened_by end)
    else coalesce(f.opened_by, case when f.rule_id = g.rule_id then g.opened_by end) end as opened_by`;

const arrival = `
  least(f.first_seen, t.as_of) as first_seen,
  case when f.id is null or t.as_of < f.first_seen then $4 else f.came_in end as came_in,
  case when f.id is null or t.as_of < f.first_seen then $5 else f.came_in_by end as came_in_by`;

const since = `case
  when f.id is null or s.state <> f.state
    then case s.state when 'resolved' then r.absent_at when 'remediated' then r.gone_at else r.seen_at end
  when f.state_since = f.first_seen then least(f.state_since, t.as_of)
  else f.state_since end as state_since`;

/** Never changes with a finding. */
const identity = 'id, account_id, region, group_id, ingress, protocol, from_port, to_port, source';
const changing = [
  ...Object.keys(content),
  ...['exposure', 'exposure_why', 'addresses', 'exposure_read_at'],
  ...['owner_by', 'owner_tag', 'owner', 'owner_read_at', 'opened_by', 'first_seen', 'came_in', 'came_in_by'],
  ...['state', 'state_since', 'seen_at', 'seen_state', 'seen_rule_id', 'gone_at', 'gone_rule_id'],
  'absent_at',
];
const columns = `${identity}, ${changing.join(', ')}`;

const statement = `
  with given as (
    select * from jsonb_to_recordset($1::jsonb) as g (id text, group_id text, ingress text, protocol text,
      from_port integer, to_port integer, source text, group_name text, vpc_id text, rule_id text,
      policy_rule text, policy_digest text, severity text, mode text, why text, exceptions jsonb, exposure jsonb,
      owner jsonb, owner_read boolean, opened_by jsonb, seen_at timestamptz, seen_state text,
      gone_at timestamptz, gone_rule_id text, absent_at timestamptz)
  ), merged as (
    select g.id, $2::text as account_id, $3::text as region, g.group_id, g.ingress, g.protocol,
      g.from_port, g.to_port, g.source, ${newestContent}, ${seldomRead}, ${arrival},
      s.state, ${since}, r.*, f.state as before
    from given g left join finding f on f.id = g.id,
      lateral (select greatest(g.seen_at, g.gone_at) as as_of, greatest(f.seen_at, f.gone_at) as known) t,
      lateral (select ${newer}) n,
      lateral (select ${registers}) r,
      lateral (select ${stateOf('r')} as state) s
  ), written as (
    insert into finding (${columns}) select ${columns} from merged
    on conflict (id) do update set ${changing.map((name) => `${name} = excluded.${name}`).join(', ')}
  ), history as (
    insert into finding_change (finding_id, at, from_state, to_state, cause, cause_id, recorded_at)
    select id, state_since, before, state, $4, $5, now() from merged where state is distinct from before order by id
  )
  select id, before as "from", state as "to" from merged where state is distinct from before order by id`;

/**
 * Merges observations into the list, at most one of each finding: the result is the same for every order of arrival,
 * and a replay changes nothing. The caller holds the lock of the cell. Returns new findings and changed states.
 */
export async function mergeObservations(
  query: Query,
  { accountId, region, via, id }: Cause,
  observations: readonly Observation[],
): Promise<StateChange[]> {
  if (observations.length === 0) return [];
  return query<StateChange>(statement, [rowsOf(observations), accountId, region, via, id]);
}

/** A complete reading of a cell, or of one group of it. */
export interface Absence {
  readonly at: string;
  readonly groupId: string | null;
  /** What the reading does not decide. */
  readonly except: { readonly ids: readonly string[]; readonly ruleIds: readonly string[] };
}

/**
 * Resolves what a complete reading does not list, after what it lists was merged: what was last seen before the reading
 * is not in it. What a person excepted and what is open resolves; what has ended stays as it is.
 */
export const resolveAbsent = (
  query: Query,
  { accountId, region, via, id }: Cause,
  { at, groupId, except }: Absence,
): Promise<StateChange[]> =>
  query<StateChange>(
    `with absent as (
       select id, state from finding where account_id = $1 and region = $2 and ($4::text is null or group_id = $4)
         and state in ('open', 'excepted') and seen_at < $3 and id <> all($5::text[])
         and coalesce(rule_id, '') <> all($6::text[])
     ), written as (
       update finding set absent_at = $3, state = 'resolved', state_since = $3
       from absent where finding.id = absent.id
     ), history as (
       insert into finding_change (finding_id, at, from_state, to_state, cause, cause_id, recorded_at)
       select id, $3, state, 'resolved', $7, $8, now() from absent order by id
     )
     select id, state as "from", 'resolved' as "to" from absent order by id`,
    [accountId, region, at, groupId, except.ids, except.ruleIds, via, id],
  );
