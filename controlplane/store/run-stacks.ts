import type { OperationRecord } from '../stacks/operation-record.ts';
import type { Database } from './database/database.ts';
import { type Holder, leaseGuard } from './database/lease-guard.ts';
import { type Run, runColumns } from './runs.ts';

/**
 * `pending`: its wave has not come. `admitted`: its key waits for a worker. `unreachable`: somebody has to let us into the
 * account first, which is no failure of what was rolled out.
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

/** What each run asks of each stack, and what came of it. */
export interface RunStackStore {
  of(runId: string): Promise<RunStack[]>;
  state(runId: string, key: string): Promise<RunStackState | undefined>;
  counts(runId: string): Promise<WaveCount[]>;
  /** Keys that were admitted and have not ended, and whether they were begun since, once at least. */
  underWay(runId: string): Promise<{ key: string; begun: boolean }[]>;
  /** Adds stacks to a run; what is known of one already stays. A run that was ended meanwhile skips them. */
  plan(
    runId: string,
    keys: readonly string[],
    wave: number,
    state: RunStackState,
    message?: string,
  ): Promise<void>;
  /** Lets so many of a wave's pending stacks be worked on: their keys. */
  admit(runId: string, wave: number, most: number): Promise<string[]>;
  /** Takes back what was admitted and has not begun. */
  withdraw(runId: string): Promise<void>;
  /** Ends all that has not begun, with the reason. */
  skipRest(runId: string, message: string, keys?: readonly string[]): Promise<void>;
  /** The runs that wait for the key, as they are now. */
  requests(key: string): Promise<KeyRequest[]>;
  /** The latest run that has the key in its plan, or will have, and where the key stands in it. */
  latest(key: string): Promise<{ run: Run; state: RunStackState | undefined } | undefined>;
  /** Those of the accounts whose latest run somebody of this name asked for, and was cancelled. */
  cancelled(accountIds: readonly string[], requestedBy: string): Promise<string[]>;
  /**
   * Of the runs that somebody of this name asked for: how many member stacks ended within a day, and how many of these
   * failed and were not made since. What ended before a person last let such a run go on counts no more.
   */
  lately(requestedBy: string): Promise<{ failed: number; ended: number }>;
  /** Accounts that an unfinished run is about, by its plan, or by name where that is still to be made. */
  accountsUnderWay(): Promise<string[]>;
  /** Begun, once more where an earlier attempt was cut short or failed. */
  begin(runId: string, key: string, holder: Holder): Promise<void>;
  /** To be tried again, which counts as an attempt; in a run that was ended meanwhile it has failed. */
  again(runId: string, key: string, message: string, holder: Holder): Promise<void>;
  end(runId: string, key: string, result: Result, holder?: Holder): Promise<void>;
}

const columns = `key, state, wave, attempts, changes, drift, message, started_at as "startedAt",
  finished_at as "finishedAt"`;

export function runStackStore({ query }: Pick<Database, 'query'>): RunStackStore {
  return {
    of: (runId) =>
      query(`select ${columns} from run_stack where run_id = $1 order by key <> 'hub', key`, [runId]),
    async state(runId, key) {
      const [row] = await query<{ state: RunStackState }>(
        'select state from run_stack where run_id = $1 and key = $2',
        [runId, key],
      );
      return row?.state;
    },
    underWay: (runId) =>
      query(
        `select key, state = 'running' or attempts > 0 as begun from run_stack
         where run_id = $1 and state in ('admitted', 'running')`,
        [runId],
      ),
    counts: (runId) =>
      query(
        `select wave, run_stack.state, count(*)::int as count,
           coalesce(run_stack.finished_at > (run.rollout->>'resumedAt')::timestamptz, true) as recent
         from run_stack join run on run.id = run_stack.run_id
         where run_id = $1 group by wave, run_stack.state, recent order by wave`,
        [runId],
      ),
    async plan(runId, keys, wave, state, message) {
      await query(
        `insert into run_stack (run_id, key, state, wave, message, finished_at)
         select $1, key, case when ended then 'skipped' else $3::text end, $4, coalesce($5, case when ended then run.message end),
           case when ended or $3::text in ('skipped', 'failed') then now() end
         from unnest($2::text[]) as key, (select message, finished_at is not null as ended from run where id = $1) as run
         on conflict (run_id, key) do nothing`,
        [runId, keys, state, wave, message ?? null],
      );
    },
    async admit(runId, wave, most) {
      const rows = await query<{ key: string }>(
        `update run_stack set state = 'admitted'
         where run_id = $1 and state = 'pending' and exists (select 1 from run where id = $1 and state = 'running')
           and key in (
           select key from run_stack where run_id = $1 and wave = $2 and state = 'pending' order by key limit $3)
         returning key`,
        [runId, wave, most],
      );
      return rows.map(({ key }) => key);
    },
    async withdraw(runId) {
      await query(`update run_stack set state = 'pending' where run_id = $1 and state = 'admitted'`, [runId]);
    },
    async skipRest(runId, message, keys) {
      await query(
        `update run_stack set state = 'skipped', message = $2, finished_at = now()
         where run_id = $1 and state in ('pending', 'admitted') and ($3::text[] is null or key = any($3))`,
        [runId, message, keys ?? null],
      );
    },
    async requests(key) {
      const rows = await query<Run & { attempts: number; wave: number }>(
        `select ${runColumns}, run_stack.attempts, run_stack.wave from run_stack join run on run.id = run_stack.run_id
         where run_stack.key = $1 and run_stack.state in ('admitted', 'running') and run.finished_at is null
           and run.state <> 'paused'
         order by run.created_at`,
        [key],
      );
      return rows.map(({ attempts, wave, ...run }) => ({ run, attempts, wave }));
    },
    async latest(key) {
      const [row] = await query<Run & { stackState: RunStackState | null }>(
        `select ${runColumns}, about.state as "stackState" from (
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
    async cancelled(accountIds, requestedBy) {
      const rows = await query<{ id: string }>(
        `select id from (
           select distinct on (run_stack.key) substr(run_stack.key, 9) as id, run.state, run.requested_by
           from run_stack join run on run.id = run_stack.run_id
           where run.kind = 'reconcile' and run_stack.key in (select 'account-' || id from unnest($1::text[]) as id)
           order by run_stack.key, run.created_at desc) as latest
         where state = 'cancelled' and requested_by = $2`,
        [accountIds, requestedBy],
      );
      return rows.map(({ id }) => id);
    },
    async lately(requestedBy) {
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
    async accountsUnderWay() {
      const rows = await query<{ id: string }>(
        `select distinct substr(run_stack.key, 9) as id from run_stack join run on run.id = run_stack.run_id
         where run.finished_at is null and run.kind = 'reconcile' and run_stack.key like 'account-%'
           and run_stack.state in ('pending', 'admitted', 'running')
         union
         select jsonb_array_elements_text(run.scope->'accounts') from run
         where run.finished_at is null and run.planned_at is null and run.kind = 'reconcile'`,
      );
      return rows.map(({ id }) => id);
    },
    async begin(runId, key, { token }) {
      await query(
        `update run_stack set state = 'running', started_at = coalesce(started_at, now()), finished_at = null
         where run_id = $1 and key = $2 and state in ('admitted', 'running') and ${leaseGuard('$2', '$3')}`,
        [runId, key, token],
      );
    },
    async again(runId, key, message, { token }) {
      await query(
        `update run_stack set state = case when run.finished_at is null then 'admitted' else 'failed' end,
           attempts = attempts + 1, message = $3, finished_at = case when run.finished_at is not null then now() end
         from run where run.id = run_id and run_id = $1 and key = $2 and ${leaseGuard('$2', '$4')}`,
        [runId, key, message, token],
      );
    },
    async end(runId, key, { state, record, message }, holder) {
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
  };
}
