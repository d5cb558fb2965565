import type { OperationRecord } from '../stacks/operation-record.ts';
import type { Database } from './database/database.ts';
import { type Holder, leaseGuard } from './database/lease-guard.ts';
import { firstColumn, firstValue } from './database/query.ts';
import { type ChangePosition, changesOf } from './run-changes.ts';
import { type Run, runColumns } from './runs.ts';

/**
 * `pending`: its wave has not come. `admitted`: its key waits for a worker. `unreachable`: a person has to give
 * access to the account first, which is no failure of what was rolled out.
 */
export type RunStackState =
  | 'pending'
  | 'admitted'
  | 'running'
  | 'succeeded'
  | 'unchanged'
  | 'failed'
  | 'unreachable'
  | 'skipped';

export interface RunStack {
  readonly key: string;
  readonly state: RunStackState;
  readonly wave: number;
  readonly attempts: number;
  readonly changes: OperationRecord['changes'];
  readonly drift: OperationRecord['drift'];
  readonly message: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A run that waits for a key. */
export interface KeyRequest {
  readonly run: Run;
  /** How often it was tried in this run before. */
  readonly attempts: number;
  readonly wave: number;
}

/** The wave of the hub stack; those of accounts count from 1. */
export const hubWave = 0;

/** How many of a run's stacks are in each state, by wave. */
export interface WaveCount {
  readonly wave: number;
  readonly state: RunStackState;
  /** Not ended before a person last let the run go on. */
  readonly recent: boolean;
  readonly count: number;
}

interface Result {
  readonly state: RunStackState;
  readonly record?: Partial<OperationRecord> | undefined;
  readonly message?: string | undefined;
}

export const runStackColumns = `key, state, wave, attempts, changes, drift, message, started_at, finished_at`;

/** How far the stacks of a run are. */
const progress = ({ query }: Database) => ({
  of: (runId: string) =>
    query<RunStack>(`select ${runStackColumns} from run_stack where run_id = $1 order by key <> 'hub', key`, [
      runId,
    ]),
  /** Stacks that changed since a position, all of them where there is none. */
  changes: (runId: string, limit: number, since?: ChangePosition, state?: RunStackState) =>
    changesOf(query, runId, limit, since, state),
  state: (runId: string, key: string) =>
    firstValue<RunStackState>(query, 'select state from run_stack where run_id = $1 and key = $2', [
      ...[runId, key],
    ]),
  /** Keys that were admitted and have not ended, and whether they were begun since, once at least. */
  underWay: (runId: string) =>
    query<{ key: string; begun: boolean }>(
      `select key, state = 'running' or attempts > 0 as begun from run_stack
       where run_id = $1 and state in ('admitted', 'running')`,
      [runId],
    ),
  /** By the counters that every change of a stack keeps: as cheap in a run of many stacks as in one of few. */
  counts: (runId: string) =>
    query<WaveCount>(
      `select wave, state, part.count, part.recent from run_count, lateral (values
         (count - least(settled, count), true), (least(settled, count), false)) as part (count, recent)
       where run_id = $1 and part.count > 0 order by wave, state`,
      [runId],
    ),
});

/** Which stacks a run is about, and which of them may be worked on. */
const plan = ({ query }: Database) => ({
  /** Adds stacks to a run; what is known of one already stays. A run that was ended meanwhile skips them. */
  async plan(runId: string, keys: readonly string[], wave: number, state: RunStackState, message?: string) {
    await query(
      `insert into run_stack (run_id, key, state, wave, message, finished_at)
       select $1, key, case when ended then 'skipped' else $3::text end, $4, coalesce($5, case when ended then run.message end),
         case when ended or $3::text in ('skipped', 'failed') then now() end
       from unnest($2::text[]) as key, (select message, finished_at is not null as ended from run where id = $1) as run
       on conflict (run_id, key) do nothing`,
      [runId, keys, state, wave, message ?? null],
    );
  },
  /** Lets so many of a wave's pending stacks be worked on: their keys. */
  admit: (runId: string, wave: number, most: number) =>
    firstColumn(
      query,
      `update run_stack set state = 'admitted'
       where run_id = $1 and state = 'pending' and exists (select 1 from run where id = $1 and state = 'running')
         and key in (
         select key from run_stack where run_id = $1 and wave = $2 and state = 'pending' order by key limit $3)
       returning key`,
      [runId, wave, most],
    ),
  /** Takes back what was admitted and has not begun. */
  async withdraw(runId: string) {
    await query(`update run_stack set state = 'pending' where run_id = $1 and state = 'admitted'`, [runId]);
  },
  /** Ends all that has not begun, with the reason. */
  async skipRest(runId: string, message: string, keys?: readonly string[]) {
    await query(
      `update run_stack set state = 'skipped', message = $2, finished_at = now()
       where run_id = $1 and state in ('pending', 'admitted') and ($3::text[] is null or key = any($3))`,
      [runId, message, keys ?? null],
    );
  },
});

/** Which runs are about a stack. */
const runsOfStack = ({ query }: Database) => ({
  /** The runs that wait for the key, as they are now. */
  async requests(key: string): Promise<KeyRequest[]> {
    const rows = await query<Run & { attempts: number; wave: number }>(
      `select ${runColumns}, run_stack.attempts, run_stack.wave from run_stack join run on run.id = run_stack.run_id
       where run_stack.key = $1 and run_stack.state in ('admitted', 'running') and run.finished_at is null
         and run.state <> 'paused'
       order by run.created_at`,
      [key],
    );
    return rows.map(({ attempts, wave, ...run }) => ({ run, attempts, wave }));
  },
  /** The latest run that has the key in its plan, or will have, and where the key stands in it. */
  async latest(key: string): Promise<{ run: Run; state: RunStackState | undefined } | undefined> {
    const [row] = await query<Run & { stackState: RunStackState | null }>(
      `select ${runColumns}, about.state as stack_state from (
         select run_id, state from run_stack where key = $1
         union all
         select id, null from run where finished_at is null and planned_at is null and scope->'accounts' ? substr($1, 9)
           and not exists (select 1 from run_stack where run_id = run.id and key = $1)
       ) as about join run on run.id = about.run_id
       where run.kind = 'reconcile' order by run.created_at desc limit 1`,
      [key],
    );
    if (!row) return undefined;
    const { stackState, ...run } = row;
    return { run, state: stackState ?? undefined };
  },
});

/** What runs are about accounts, and what came of them. */
const runsOfAccounts = ({ query }: Database) => ({
  /** Those of the accounts whose latest run was requested by this name and was cancelled. */
  cancelled: (accountIds: readonly string[], requestedBy: string) =>
    firstColumn(
      query,
      `select id from (
         select distinct on (run_stack.key) substr(run_stack.key, 9) as id, run.state, run.requested_by
         from run_stack join run on run.id = run_stack.run_id
         where run.kind = 'reconcile' and run_stack.key in (select 'account-' || id from unnest($1::text[]) as id)
         order by run_stack.key, run.created_at desc) as latest
       where state = 'cancelled' and requested_by = $2`,
      [accountIds, requestedBy],
    ),
  /**
   * Of the runs that this name requested: how many member stacks ended within a day, and how many of these failed and
   * were not made since. What ended before a person last resumed such a run is not counted.
   */
  async lately(requestedBy: string): Promise<{ failed: number; ended: number }> {
    const [row] = await query<{ failed: number; ended: number }>(
      `select count(*)::int as ended,
         count(*) filter (where run_stack.state = 'failed' and stack.generation is null)::int as failed
       from run join run_stack on run_stack.run_id = run.id left join stack on stack.key = run_stack.key
       where run.requested_by = $1 and run_stack.key <> 'hub'
         and run_stack.state in ('succeeded', 'unchanged', 'failed') and run_stack.finished_at > greatest(
           now() - interval '1 day',
           (select max((rollout->>'resumedAt')::timestamptz) from run where requested_by = $1))`,
      [requestedBy],
    );
    return row ?? { failed: 0, ended: 0 };
  },
  /** Accounts that an unfinished run is about, by its plan, or by name where that is still to be made. */
  accountsUnderWay: () =>
    firstColumn(
      query,
      `select distinct substr(run_stack.key, 9) as id from run_stack join run on run.id = run_stack.run_id
       where run.finished_at is null and run.kind = 'reconcile' and run_stack.key like 'account-%'
         and run_stack.state in ('pending', 'admitted', 'running')
       union
       select jsonb_array_elements_text(run.scope->'accounts') from run
       where run.finished_at is null and run.planned_at is null and run.kind = 'reconcile'`,
    ),
});

/** What a run does to one stack. */
const attempts = ({ query }: Database) => ({
  /** Begun, once more where an earlier attempt was cut short or failed. */
  async begin(runId: string, key: string, { token }: Holder) {
    await query(
      `update run_stack set state = 'running', started_at = coalesce(started_at, now()), finished_at = null
       where run_id = $1 and key = $2 and state in ('admitted', 'running') and ${leaseGuard('$2', '$3')}`,
      [runId, key, token],
    );
  },
  /** To be tried again, which counts as an attempt; in a run that was ended meanwhile it has failed. */
  async again(runId: string, key: string, message: string, { token }: Holder) {
    await query(
      `update run_stack set state = case when run.finished_at is null then 'admitted' else 'failed' end,
         attempts = attempts + 1, message = $3, finished_at = case when run.finished_at is not null then now() end
       from run where run.id = run_id and run_id = $1 and key = $2 and ${leaseGuard('$2', '$4')}`,
      [runId, key, message, token],
    );
  },
  async end(runId: string, key: string, { state, record, message }: Result, holder?: Holder) {
    await query(
      `update run_stack set state = $3, changes = $4, drift = $5, message = $6, finished_at = now()
       where run_id = $1 and key = $2 and ($7::text is null or ${leaseGuard('$2', '$7')})`,
      [
        runId,
        key,
        state,
        JSON.stringify(record?.changes ?? []),
        JSON.stringify(record?.drift ?? []),
        message ?? null,
        holder?.token ?? null,
      ],
    );
  },
});

/** What each run asks of each stack, and what came of it. */
export const runStackStore = (database: Database) => ({
  ...progress(database),
  ...plan(database),
  ...runsOfStack(database),
  ...runsOfAccounts(database),
  ...attempts(database),
});
