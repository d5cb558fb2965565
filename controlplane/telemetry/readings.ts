import { openEscalations } from '../store/fleet/escalations.ts';

/** One column of a reading as a gauge, with the named columns as labels. */
export interface ReadGauge {
  readonly name: string;
  readonly help: string;
  readonly column: string;
  readonly labels: readonly string[];
}

/** One cheap query and its gauges. A null value gives no gauge. */
export interface Reading {
  readonly name: string;
  readonly sql: string;
  readonly gauges: readonly ReadGauge[];
}

const status = `(values ('True'), ('False'), ('Unknown')) as status (status)`;
const kind = `(values ('hub'), ('account'), ('region')) as kind (kind)`;
const gauge = (name: string, help: string, column: string, ...labels: string[]): ReadGauge => ({
  ...{ name: `portcullis_${name}`, help, column, labels },
});
const seconds = (moment: string) => `extract(epoch from now() - ${moment})::float8`;
/** Accounts in scope. Stacks of other accounts are history that no person has to fix. */
const inFleet = `account.state = 'ACTIVE' and account.conditions->'Ready'->>'reason' is distinct from 'OutOfScope'`;
const cell = `(
          select account.id as account_id, each->>'region' as region, each->'trail'->>'covered' as covered,
            account.conditions->'Ready'->>'status' as ready
          from account cross join lateral jsonb_array_elements(account.regions) as each where ${inFleet}
        ) as cell`;

/** Read from the database at each scrape, so that every process reports the same values. */
export const readings: readonly Reading[] = [
  {
    name: 'queue',
    sql: `select q.name as queue,
        count(j.id) filter (where j.state <> 'active' and j.start_after <= now())::int as waiting,
        count(j.id) filter (where j.state <> 'active' and j.start_after > now())::int as later,
        count(j.id) filter (where j.state = 'active')::int as active,
        coalesce(${seconds(`min(greatest(j.created_on, j.start_after)) filter (where j.state <> 'active' and j.start_after <= now())`)}, 0) as age
      from queue.queue q left join queue.job j on j.name = q.name and j.state < 'completed'
      where q.name not like '\\_\\_%' group by q.name`,
    gauges: [
      gauge('queue_waiting', 'Jobs that are due and wait; in the queue `key`, keys.', 'waiting', 'queue'),
      gauge('queue_later', 'Jobs whose time has not come.', 'later', 'queue'),
      gauge('queue_active', 'Jobs under way.', 'active', 'queue'),
      gauge(
        'queue_oldest_waiting_seconds',
        'For how long the job that waits longest has been due.',
        'age',
        'queue',
      ),
    ],
  },
  {
    name: 'work',
    sql: `select q.name as queue,
        coalesce(${seconds('min(least(j.started_on, stack.operation_started_at))')}, 0) as age
      from queue.queue q left join queue.job j on j.name = q.name and j.state = 'active'
        left join stack on j.name = 'key' and stack.key = j.singleton_key
      where q.name not like '\\_\\_%' group by q.name`,
    gauges: [
      gauge(
        'queue_oldest_active_seconds',
        'Since the job under way that is worked on longest was begun; an operation that outlived a worker counts from its first begin.',
        'age',
        'queue',
      ),
    ],
  },
  {
    name: 'stacks',
    sql: `select kind.kind, status.status as ready, count(stack.key)::int as stacks
      from ${kind} cross join ${status}
        left join stack on stack.kind = kind.kind
          and coalesce(stack.conditions->'Ready'->>'status', 'Unknown') = status.status
      group by 1, 2`,
    gauges: [gauge('stacks', 'Stacks by kind and whether they are as declared.', 'stacks', 'kind', 'ready')],
  },
  {
    name: 'stack conditions',
    sql: `select kind.kind, count(*) filter (where stack.conditions->'Stalled'->>'status' = 'True')::int as stalled,
        count(*) filter (where stack.conditions->'Drifted'->>'status' = 'True')::int as drifted
      from ${kind} left join stack on stack.kind = kind.kind group by 1`,
    gauges: [
      gauge('stacks_stalled', 'Stacks that are not tried again until something changes.', 'stalled', 'kind'),
      gauge('stacks_drifted', 'Stacks that were found to have drifted.', 'drifted', 'kind'),
    ],
  },
  {
    name: 'accounts',
    sql: `select status.status as ready, count(account.id)::int as accounts
      from ${status} left join account on ${inFleet}
        and coalesce(account.conditions->'Ready'->>'status', 'Unknown') = status.status
      group by 1`,
    gauges: [
      gauge(
        'accounts',
        'Active accounts in scope by whether all of theirs is as declared.',
        'accounts',
        'ready',
      ),
    ],
  },
  {
    name: 'coverage',
    sql: `select covered.covered, count(cell.region)::int as cells, count(distinct cell.account_id)::int as accounts
      from (values ('true'), ('false'), ('unknown')) as covered (covered)
        left join ${cell} on cell.covered = covered.covered
      group by 1`,
    gauges: [
      gauge(
        'cells',
        'Accounts in Regions, by whether a trail covers them; unknown when the check failed.',
        'cells',
        'covered',
      ),
      gauge('accounts_with_cells', 'Active accounts with at least one such cell.', 'accounts', 'covered'),
    ],
  },
  {
    name: 'dead letters',
    sql: `select 'forward' as queue, coalesce(sum((each->'deadLetters'->>'count')::int), 0)::int as messages
      from account cross join lateral jsonb_array_elements(account.regions) as each where ${inFleet}
      union all
      select 'hub', (select (value->>'count')::int from fact where name = 'dead letters of the hub')`,
    gauges: [
      gauge(
        'dead_letters',
        'Messages in the dead-letter queues of the forwarding rules, and of the hub, when each was last read: once a day.',
        'messages',
        'queue',
      ),
    ],
  },
  {
    name: 'organization',
    sql: `select ${seconds('max(seen_at)')} as age from account`,
    gauges: [
      gauge('organization_read_age_seconds', 'Since the organization was last read to its end.', 'age'),
    ],
  },
  {
    name: 'cell verifications',
    sql: `select count(*) filter (where verified_at is not null)::int as verified,
        count(*) filter (where failed_at > coalesce(verified_at, '-infinity'))::int as failing,
        count(*) filter (where ready = 'True' and cell_verification.region is null)::int as never,
        ${seconds('min(verified_at)')} as age
      from ${cell} left join cell_verification on cell_verification.account_id = cell.account_id and cell_verification.region = cell.region`,
    gauges: [
      gauge('cells_verified', 'Cells in which a canary was ever closed.', 'verified'),
      gauge('cells_verification_failing', 'Cells whose last canary was not closed.', 'failing'),
      gauge(
        'cells_never_verified',
        'Cells of accounts that are ready in which no canary was ever tried.',
        'never',
      ),
      gauge(
        'cells_oldest_verification_seconds',
        'Since the verification of the cell that was verified longest ago.',
        'age',
      ),
    ],
  },
  {
    name: 'leases',
    sql: `select count(*) filter (where expires_at > now())::int as held,
        count(*) filter (where expires_at <= now() and expires_at > '-infinity')::int as expired from lease`,
    gauges: [
      gauge('leases_held', 'Keys that a worker works on.', 'held'),
      gauge('leases_expired', 'Expired leases that no worker has taken since.', 'expired'),
    ],
  },
  {
    name: 'workers',
    sql: `select count(*) filter (where seen_at > now() - interval '1 minute')::int as workers from worker`,
    gauges: [gauge('workers', 'Control planes that were seen in the last minute.', 'workers')],
  },
  {
    name: 'runs',
    sql: `select state.state, count(run.id)::int as runs,
        coalesce(${seconds('min(run.created_at)')}, 0) as age
      from (values ('queued'), ('running'), ('paused')) as state (state) left join run on run.state = state.state
      group by 1`,
    gauges: [
      gauge('runs_unfinished', 'Runs that have not ended.', 'runs', 'state'),
      gauge('runs_unfinished_oldest_seconds', 'Since the oldest of them was asked for.', 'age', 'state'),
    ],
  },
  {
    name: 'confirmations',
    sql: `select count(*)::int as open, count(*) filter (where hold = 'settings')::int as settings
      from confirmation where state = 'open' and kind = 'offboarding'`,
    gauges: [
      gauge('confirmations_open', 'Deletions that wait for a person.', 'open'),
      gauge(
        'scope_changes_open',
        'Changed settings that leave out what is covered, and wait for a person.',
        'settings',
      ),
    ],
  },
  {
    name: 'escalations',
    sql: `select count(*)::int as open from (${openEscalations}) as escalation`,
    gauges: [gauge('escalations_open', 'Groups with an escalated rule that is open.', 'open')],
  },
  {
    name: 'scope',
    sql: `select count(*) filter (where value->>'wrong' is not null)::int as wrong from fact where name = 'scope'`,
    gauges: [gauge('scope_wrong', 'Whether the settings name what the organization does not have.', 'wrong')],
  },
  {
    name: 'policy',
    sql: `select state.state, count(id)::int as held
      from (values ('open'), ('refused')) as state (state)
        left join confirmation on confirmation.state = state.state and kind = 'policy-mode' group by 1`,
    gauges: [
      gauge(
        'policy_held',
        'Edits that lower the mode of the policy and are not in force: open, they wait for a person.',
        'held',
        'state',
      ),
    ],
  },
  {
    name: 'audit',
    sql: `select count(*)::int as lines, coalesce(${seconds('min(at)')}, 0) as age from audit_unsealed`,
    gauges: [
      gauge('audit_unsealed_lines', 'Lines of the audit log that are under no seal yet.', 'lines'),
      gauge('audit_oldest_unsealed_seconds', 'Since the oldest of them was written.', 'age'),
    ],
  },
];
