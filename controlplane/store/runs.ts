import { randomUUID } from 'node:crypto';
import type { RolloutPlan } from '../settings/rollout.ts';
import type { Scope } from '../stacks/scope.ts';
import type { AuditedAct } from './audit/acts.ts';
import { type AuditEntry, writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstRow, firstValue } from './database/query.ts';
import { keepInstalled } from './uninstall.ts';

/** `paused`: by a person, or by the roll-out's failure threshold; its message says which. */
export type RunState = 'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';

export interface RunRequest {
  readonly kind: 'reconcile' | 'preview';
  readonly scope: Scope;
  /** Leaves stacks alone that are ready at the wanted generation: a sweep, not a repair. */
  readonly onlyChanged: boolean;
  readonly requestedBy: string;
  /** Waves and limits; without, everything at once and however many fail. */
  readonly rollout?: RolloutPlan | undefined;
  /** Why it is made paused, to wait for a person. */
  readonly paused?: string | undefined;
  /** How much its keys are in a hurry. */
  readonly priority?: number | undefined;
}

export interface Run extends Omit<RunRequest, 'paused'> {
  readonly id: string;
  readonly state: RunState;
  readonly rollout: RolloutPlan;
  readonly priority: number;
  readonly message: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  /** When its stacks were listed; nothing is begun before. */
  readonly plannedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A run's columns, of a table or alias named `run`. */
export const runColumns = `run.id, run.kind, run.scope, run.only_changed, run.requested_by, run.state,
  run.rollout, run.priority, run.message, run.created_at, run.started_at, run.planned_at, run.finished_at`;

/** Who acts where no caller asked. */
const service = 'portcullis';

async function createUnlessWaiting(
  query: Query,
  { kind, onlyChanged, requestedBy, rollout = {}, priority = 50, paused, ...request }: RunRequest,
): Promise<{ run: Run; created: boolean }> {
  const scope = JSON.stringify(request.scope);
  const plan = JSON.stringify(rollout);
  for (;;) {
    const [run] = await query<Run>(
      `insert into run (id, kind, scope, only_changed, requested_by, rollout, priority, message, state, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, case when $8::text is null then 'queued' else 'paused' end, now())
       on conflict (kind, only_changed, md5(scope::text), md5(rollout::text)) where state = 'queued' do nothing
       returning ${runColumns}`,
      [randomUUID(), kind, scope, onlyChanged, requestedBy, plan, priority, paused ?? null],
    );
    if (run) return { run, created: true };
    const [waiting] = await query<Run>(
      `select ${runColumns} from run where state = 'queued' and kind = $1 and scope = $2::jsonb
         and only_changed = $3 and rollout = $4::jsonb`,
      [kind, scope, onlyChanged, plan],
    );
    // Neither: the one that waited has begun in between.
    if (waiting) return { run: waiting, created: false };
  }
}

/** A second person may request a run that waits already: it stays one run, with an audit line for each person. */
async function requested(query: Query, by: string, run: Run, created: boolean): Promise<void> {
  if (!created && by === run.requestedBy) return;
  const { id, kind, scope, onlyChanged, rollout } = run;
  const details = { run: id, kind, scope, onlyChanged, rollout };
  const once = created ? `run requested ${id}` : `run requested ${id} ${by}`;
  await writeAudit(query, { who: by, what: 'run requested', details }, once);
}

async function finished(query: Query, { id, kind, state, message }: Run): Promise<void> {
  const details = { run: id, kind, state, message };
  await writeAudit(query, { who: service, what: 'run finished', details }, `run finished ${id}`);
}

/** Changes a run and audits the change, both or neither; false where there was nothing to change. */
const change = (
  { transaction }: Database,
  sql: string,
  parameters: readonly unknown[],
  audit: (within: Query, run: Run) => Promise<unknown>,
): Promise<boolean> =>
  transaction(async (within) => {
    const [run] = await within<Run>(`${sql} returning ${runColumns}`, parameters);
    if (run) await audit(within, run);
    return run !== undefined;
  });

const audited =
  (who: string, what: AuditedAct) =>
  (within: Query, { id, message }: Run) => {
    const details: AuditEntry['details'] = { run: id, ...(message !== null && { message }) };
    return writeAudit(within, { who, what, details });
  };

const runReads = ({ query }: Database) => ({
  get: (id: string) => firstRow<Run>(query, `select ${runColumns} from run where id = $1`, [id]),
  /** Newest first. */
  page: ({ state, kind }: Filter<'state' | 'kind'>, page: PageRequest) =>
    readPage<Run>(query, page, {
      ...{ columns: runColumns, from: 'run', descending: true },
      order: { created_at: 'timestamptz', id: 'uuid' },
      equal: { state, kind },
    }),
  /** Runs that were cut short or never began; one that is paused waits for a person. */
  unfinished: () =>
    query<Run>(`select ${runColumns} from run where state in ('queued', 'running') order by created_at`),
  /**
   * The latest run that this name requested; with `*` at its end, that any name with this beginning requested. With a
   * state, the latest run in it.
   */
  async latestOf(requestedBy: string, state?: RunState): Promise<Run | undefined> {
    const byPrefix = requestedBy.endsWith('*');
    // The operators that the index compares by: bytes, so that names with the same beginning are adjacent.
    const named = byPrefix
      ? 'requested_by ~>=~ $1 and requested_by ~<~ ($1 || chr(1114111))'
      : 'requested_by = $1';
    return firstRow<Run>(
      query,
      `select ${runColumns} from run where ${named} and ($2::text is null or state = $2)
       order by created_at desc limit 1`,
      [byPrefix ? requestedBy.slice(0, -1) : requestedBy, state ?? null],
    );
  },
});

/** From the request to the end. */
const runSteps = (database: Database) => ({
  /**
   * A new run; or, where an equal one waits and has not begun, that one: triggers collapse.
   * @throws PortcullisError `conflict` while the installation is being uninstalled, and afterwards
   */
  createUnlessWaiting: (request: RunRequest): Promise<{ run: Run; created: boolean }> =>
    database.transaction(async (within) => {
      await keepInstalled(within);
      const found = await createUnlessWaiting(within, request);
      await requested(within, request.requestedBy, found.run, found.created);
      if (found.created && request.paused) await audited(service, 'run paused')(within, found.run);
      return found;
    }),
  /** Counts one more time that it could not be planned; how many by now, over all workers. */
  planFailed: async (id: string) =>
    (await firstValue<number>(
      database.query,
      'update run set plan_attempts = plan_attempts + 1 where id = $1 returning plan_attempts',
      [id],
    )) ?? 1,
  async start(id: string) {
    await database.query(
      `update run set state = 'running', started_at = coalesce(started_at, now()) where id = $1 and state = 'queued'`,
      [id],
    );
  },
  async planned(id: string) {
    await database.query('update run set planned_at = now() where id = $1', [id]);
  },
  async finish(id: string, state: 'succeeded' | 'failed', message: string | null) {
    await change(
      database,
      `update run set state = $2, message = $3, finished_at = now() where id = $1 and finished_at is null`,
      [id, state, message],
      finished,
    );
  },
});

/** What a person, or a limit, does to a run under way. */
const runControl = (database: Database) => ({
  /** By a person, or else by its failures. False where it has ended already, or is paused already. */
  pause: (id: string, message: string, by: string = service): Promise<boolean> =>
    change(
      database,
      `update run set state = 'paused', message = $2 where id = $1 and state in ('queued', 'running')`,
      [id, message],
      audited(by, 'run paused'),
    ),
  /** False where it is not paused. */
  resume: (id: string, by: string): Promise<boolean> =>
    change(
      database,
      `update run set state = case when planned_at is null then 'queued' else 'running' end, message = null,
         rollout = rollout || jsonb_build_object('resumedAt', now())
       where id = $1 and state = 'paused'`,
      [id],
      async (within, run) => {
        await within(
          `update run_count set settled = count
           where run_id = $1 and state in ('succeeded', 'unchanged', 'failed', 'unreachable', 'skipped')`,
          [id],
        );
        await audited(by, 'run resumed')(within, run);
      },
    ),
  /** False where it has ended already. */
  cancel: (id: string, message: string, by: string): Promise<boolean> =>
    change(
      database,
      `update run set state = 'cancelled', message = $2, finished_at = now()
       where id = $1 and state in ('queued', 'running', 'paused')`,
      [id, message],
      async (within, run) => {
        await audited(by, 'run cancelled')(within, run);
        await finished(within, run);
      },
    ),
});

/** Each change of a run and its line in the audit log are one step. */
export const runStore = (database: Database) => ({
  ...runReads(database),
  ...runSteps(database),
  ...runControl(database),
});
