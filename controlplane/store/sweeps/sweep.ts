import type { Scope } from '../../stacks/scope.ts';
import { writeAudit } from '../audit/entries.ts';
import type { Database, Query } from '../database/database.ts';
import { type Filter, type PageRequest, readPage } from '../database/page.ts';
import { firstColumn, firstRow, inTransaction } from '../database/query.ts';
import { cellClaims, cellEndings } from './cells.ts';
import { handOverStore } from './hand-over.ts';
import { missedEventStore } from './missed-events.ts';

/** One request to read every cell of a scope, or the clock's. */
export interface Sweep {
  readonly id: string;
  readonly scope: Scope;
  readonly requestedBy: string;
  /** Whether the clock asked for it: then it is spread over the period. */
  readonly scheduled: boolean;
  readonly state: 'running' | 'done' | 'cancelled';
  /** Of the policy in force when it was requested. */
  readonly policyDigest: string;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** A cell of a sweep. Without a Region it is the account, whose Regions are listed. */
export interface SweepCell {
  readonly accountId: string;
  readonly region: string | null;
  /** `not-checked`: nothing is known of it by this sweep, for the reason. */
  readonly state: 'waiting' | 'done' | 'not-checked';
  readonly reason: string | null;
  readonly groups: number | null;
  /** Without those that an exception allows. */
  readonly findings: number | null;
  /** Rules that could not be evaluated. */
  readonly undecided: number | null;
  /** Of the policy that its groups were evaluated by. */
  readonly policyDigest: string | null;
  /** Reads that failed. */
  readonly attempts: number;
  readonly readAt: Date | null;
  readonly endedAt: Date | null;
}

const columns = `id, scope, requested_by, scheduled, state, policy_digest, created_at, finished_at`;
const cellColumns = `account_id, nullif(region, '') as region, state, reason, groups, findings, undecided,
  policy_digest, attempts, read_at, ended_at`;

/** What a sweep has read, and what is left. */
export interface SweepCounts {
  readonly accounts: number;
  /** Accounts whose Regions are not listed yet. */
  readonly accountsWaiting: number;
  /** Accounts that cannot be entered, so that nothing is known of their Regions. */
  readonly accountsNotChecked: number;
  /** Of those, accounts that are closed, suspended or not active yet: there was nothing to enter. */
  readonly accountsInactive: number;
  readonly cells: number;
  readonly done: number;
  readonly waiting: number;
  readonly notChecked: number;
  readonly groups: number;
  readonly findings: number;
  readonly undecided: number;
}

export interface AskedSweep extends Pick<Sweep, 'id' | 'scope' | 'requestedBy' | 'policyDigest'> {
  /** Seconds over which the accounts are spread; 0: all at once. */
  readonly spreadSeconds: number;
}

/** An account of a sweep; with a reason, it is not checked. */
export interface AskedAccount {
  readonly accountId: string;
  readonly reason: string | null;
}

/** Records a sweep with its accounts, as a part of the query's transaction. */
async function requestSweep(
  query: Query,
  { id, scope, requestedBy, policyDigest, spreadSeconds }: AskedSweep,
  accounts: readonly AskedAccount[],
): Promise<void> {
  const slot = spreadSeconds / Math.max(1, accounts.length);
  await query(
    `insert into sweep (id, scope, requested_by, scheduled, state, policy_digest, slot_seconds, created_at)
     values ($1, $2, $3, $4, 'running', $5, $6, now())`,
    [id, JSON.stringify(scope), requestedBy, spreadSeconds > 0, policyDigest, slot],
  );
  // By a digest, so that each account has the same place in every period and no unit is swept as one burst.
  await query(
    `insert into sweep_cell (sweep_id, account_id, region, state, reason, due_at, ended_at)
     select $1, each.id, '', case when each.reason is null then 'waiting' else 'not-checked' end, each.reason,
       now() + make_interval(secs => $4::float8 * (row_number() over (order by md5(each.id)) - 1)),
       case when each.reason is not null then now() end
     from unnest($2::text[], $3::text[]) as each (id, reason)`,
    [id, accounts.map(({ accountId }) => accountId), accounts.map(({ reason }) => reason), slot],
  );
  const details = { sweep: id, scope, accounts: accounts.length, policy: policyDigest };
  await writeAudit(query, { who: requestedBy, what: 'sweep requested', details });
}

/** Any number, the same in every process: two services do not begin the same scheduled sweep. */
const schedulingLock = 6_821_013;

/**
 * Ends the cells that a scheduled sweep still waits for when its period is over, once each of them was tried: an account
 * that is throttled without end, which anyone in it can achieve, must not delay the next sweep of all the others.
 */
async function endOverdue(query: Query, periodSeconds: number): Promise<void> {
  await query(
    `update sweep_cell set state = 'not-checked', ended_at = now(), worker = null, held_until = null
     where state = 'waiting' and sweep_id in (
       select id from sweep where scheduled and finished_at is null
         and created_at <= now() - make_interval(secs => $1::float8)
         and not exists (select 1 from sweep_cell each
           where each.sweep_id = sweep.id and each.state = 'waiting' and each.attempts = 0))`,
    [periodSeconds],
  );
}

/** Records the clock's sweep, unless one is under way or the last began less than a period ago; whether it did. */
async function requestScheduled(
  query: Query,
  asked: AskedSweep,
  accounts: readonly AskedAccount[],
  periodSeconds: number,
): Promise<boolean> {
  await query(`select pg_advisory_xact_lock(${schedulingLock})`);
  await endOverdue(query, periodSeconds);
  const [other] = await query(
    `select 1 from sweep where scheduled
       and (finished_at is null or created_at > now() - make_interval(secs => $1::float8)) limit 1`,
    [periodSeconds],
  );
  if (other) return false;
  await requestSweep(query, asked, accounts);
  return true;
}

const cancelledReason = 'the sweep was cancelled';

async function sweepCounts(query: Query, id: string): Promise<SweepCounts> {
  const cells = (state: string) => `count(*) filter (where region <> '' and state = '${state}')::int`;
  const accounts = (state: string) => `count(*) filter (where region = '' and state = '${state}')::int`;
  const [counts] = await query<SweepCounts>(
    `select count(*) filter (where region = '')::int as accounts, ${accounts('waiting')} as accounts_waiting,
       ${accounts('not-checked')} as accounts_not_checked,
       count(*) filter (where region = '' and state = 'not-checked' and attempts = 0 and reason <> $2)::int
         as accounts_inactive, count(*) filter (where region <> '')::int as cells,
       ${cells('done')} as done, ${cells('waiting')} as waiting, ${cells('not-checked')} as not_checked,
       coalesce(sum(groups), 0)::int as groups, coalesce(sum(findings), 0)::int as findings,
       coalesce(sum(undecided), 0)::int as undecided
     from sweep_cell where sweep_id = $1`,
    [id, cancelledReason],
  );
  if (!counts) throw new Error('a count returns a row');
  return counts;
}

/** Ends a sweep whose cells have all ended, once; its counts where this was the call that ended it. */
async function finishSweep(query: Query, id: string): Promise<SweepCounts | undefined> {
  const ended = await query(
    `update sweep set state = 'done', finished_at = now() where id = $1 and finished_at is null
       and not exists (select 1 from sweep_cell where sweep_id = $1 and state = 'waiting') returning id`,
    [id],
  );
  if (ended.length === 0) return undefined;
  const counts = await sweepCounts(query, id);
  const entry = { what: 'sweep finished', details: { sweep: id, ...counts } } as const;
  await writeAudit(query, { who: 'portcullis', ...entry }, `sweep finished ${id}`);
  return counts;
}

/** Ends a sweep before its end: what was not read yet is not checked. False where it has ended already. */
async function cancelSweep(query: Query, id: string, who: string): Promise<boolean> {
  const ended = await query(
    `update sweep set state = 'cancelled', finished_at = now() where id = $1 and finished_at is null returning id`,
    [id],
  );
  if (ended.length === 0) return false;
  await query(
    `update sweep_cell set state = 'not-checked', reason = $2, ended_at = now(),
       worker = null, held_until = null where sweep_id = $1 and state = 'waiting'`,
    [id, cancelledReason],
  );
  await writeAudit(query, { who, what: 'sweep cancelled', details: { sweep: id } });
  return true;
}

const records = (database: Database) => ({
  request: inTransaction(database, requestSweep),
  /** The clock's: false where one is under way or the last began less than a period ago. */
  requestScheduled: inTransaction(database, requestScheduled),
  get: (id: string) => firstRow<Sweep>(database.query, `select ${columns} from sweep where id = $1`, [id]),
  /** Newest first. */
  page: ({ state }: Filter<'state'>, page: PageRequest) =>
    readPage<Sweep>(database.query, page, {
      ...{ columns, from: 'sweep', descending: true },
      order: { created_at: 'timestamptz', id: 'uuid' },
      equal: { state },
    }),
  /** By account and Region. The accounts themselves are listed where they could not be entered. */
  cellPage: (
    sweepId: string,
    { account, region, state }: Filter<'account' | 'region' | 'state'>,
    page: PageRequest,
  ) =>
    readPage<SweepCell>(database.query, page, {
      ...{ columns: cellColumns, from: 'sweep_cell' },
      order: { account_id: 'text', 'sweep_cell.region': 'text' },
      equal: { sweep_id: sweepId, account_id: account, 'sweep_cell.region': region, state },
      where: [[`sweep_cell.region <> '' or state <> $value`, 'done']],
    }),
  counts: (id: string) => sweepCounts(database.query, id),
  unfinished: () =>
    firstColumn(
      database.query,
      'select id from sweep where finished_at is null order by scheduled, created_at',
    ),
  finish: inTransaction(database, finishSweep),
  cancel: inTransaction(database, cancelSweep),
  /** Forgets sweeps that ended so long ago, but for the last one that read a cell. */
  async forget(olderThanMs: number) {
    await database.query(
      `delete from sweep where finished_at < now() - make_interval(secs => $1::float8)
         and id <> coalesce((select id from sweep where state = 'done' order by created_at desc limit 1), id)`,
      [olderThanMs / 1000],
    );
  },
});

export const sweepStore = (database: Database) => ({
  ...records(database),
  ...cellClaims(database),
  ...cellEndings(database),
  missed: missedEventStore(database),
  handOver: handOverStore(database),
});
