import { randomUUID } from 'node:crypto';
import type { OperationRecord } from '../engine-events.ts';
import type { Scope } from '../scope.ts';
import type { Database } from './database.ts';

export type RunState = 'queued' | 'running' | 'succeeded' | 'failed';
export type RunStackState = 'pending' | 'running' | 'succeeded' | 'unchanged' | 'failed' | 'skipped';

export interface RunRequest {
  readonly kind: 'reconcile' | 'preview';
  readonly scope: Scope;
  /** Leaves stacks alone that are ready at the wanted generation: a sweep, not a repair. */
  readonly onlyChanged: boolean;
  readonly requestedBy: string;
}

export interface Run extends RunRequest {
  readonly id: string;
  readonly state: RunState;
  readonly message: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface RunStack {
  readonly key: string;
  readonly state: RunStackState;
  readonly changes: OperationRecord['changes'];
  readonly drift: OperationRecord['drift'];
  readonly message: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

const columns = `id, kind, scope, only_changed as "onlyChanged", requested_by as "requestedBy", state, message,
  created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`;

export interface RunStore {
  /** A new run; or, where an equal one waits and has not begun, that one: triggers collapse. */
  createUnlessWaiting(request: RunRequest): Promise<{ run: Run; created: boolean }>;
  get(id: string): Promise<Run | undefined>;
  stacks(id: string): Promise<RunStack[]>;
  list(limit: number): Promise<Run[]>;
  /** Runs that were cut short or never began. */
  unfinished(): Promise<Run[]>;
  start(id: string): Promise<void>;
  finish(id: string, state: 'succeeded' | 'failed', message: string | null): Promise<void>;
  plan(id: string, keys: readonly string[]): Promise<void>;
  stack(
    id: string,
    key: string,
    state: RunStackState,
    record?: Partial<OperationRecord>,
    message?: string,
  ): Promise<void>;
}

export function runStore({ query }: Database): RunStore {
  const one = async (id: string) => {
    const [row] = await query<Run>(`select ${columns} from run where id = $1`, [id]);
    return row;
  };
  return {
    async createUnlessWaiting(request) {
      const { kind, onlyChanged, requestedBy } = request;
      const scope = JSON.stringify(request.scope);
      for (;;) {
        const [run] = await query<Run>(
          `insert into run (id, kind, scope, only_changed, requested_by, state, created_at)
           values ($1, $2, $3, $4, $5, 'queued', now())
           on conflict (kind, only_changed, md5(scope::text)) where state = 'queued' do nothing
           returning ${columns}`,
          [randomUUID(), kind, scope, onlyChanged, requestedBy],
        );
        if (run) return { run, created: true };
        const [waiting] = await query<Run>(
          `select ${columns} from run
           where state = 'queued' and kind = $1 and scope = $2::jsonb and only_changed = $3`,
          [kind, scope, onlyChanged],
        );
        // Neither: the one that waited has begun in between.
        if (waiting) return { run: waiting, created: false };
      }
    },
    get: one,
    stacks: (id) =>
      query(
        `select key, state, changes, drift, message, started_at as "startedAt", finished_at as "finishedAt"
         from run_stack where run_id = $1 order by key <> 'hub', key`,
        [id],
      ),
    list: (limit) => query(`select ${columns} from run order by created_at desc limit $1`, [limit]),
    unfinished: () =>
      query(`select ${columns} from run where state in ('queued', 'running') order by created_at`),
    async start(id) {
      await query(
        `update run set state = 'running', started_at = coalesce(started_at, now()) where id = $1`,
        [id],
      );
    },
    async finish(id, state, message) {
      await query('update run set state = $2, message = $3, finished_at = now() where id = $1', [
        id,
        state,
        message,
      ]);
    },
    async plan(id, keys) {
      await query(
        `insert into run_stack (run_id, key, state) select $1, key, 'pending' from unnest($2::text[]) as key
         on conflict (run_id, key) do nothing`,
        [id, keys],
      );
    },
    async stack(id, key, state, record, message) {
      await query(
        `insert into run_stack (run_id, key, state, changes, drift, message, started_at, finished_at)
         values ($1, $2, $3, $4, $5, $6, now(), case when $3 in ('running', 'pending') then null else now() end)
         on conflict (run_id, key) do update set state = excluded.state, changes = excluded.changes,
           drift = excluded.drift, message = excluded.message,
           started_at = coalesce(run_stack.started_at, excluded.started_at), finished_at = excluded.finished_at`,
        [
          id,
          key,
          state,
          JSON.stringify(record?.changes ?? []),
          JSON.stringify(record?.drift ?? []),
          message ?? null,
        ],
      );
    },
  };
}
