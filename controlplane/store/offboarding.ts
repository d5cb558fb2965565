import type { Conditions } from '../stacks/conditions.ts';
import type { StackToOffboard } from '../stacks/offboarding.ts';
import { accountStore } from './accounts.ts';
import { type AuditEntry, writeAudit } from './audit/entries.ts';
import { endVerifications } from './cell-verifications.ts';
import type { Database, Query } from './database/database.ts';
import { type Holder, LeaseLost, leaseGuard } from './database/lease-guard.ts';
import { firstColumn, firstRow, firstValue, inTransaction, rowsOf } from './database/query.ts';
import type { StackRecord } from './stacks.ts';

/** A stack that is to go, or went. */
export interface Offboarding extends StackToOffboard {
  /** The organization's listing, a look at the Region itself, or settings that do not cover it any more. */
  readonly foundBy: 'listing' | 'region' | 'setting';
  readonly since: Date;
  /** From when on it may go; null while the guard or a person has not let it. */
  readonly clearedAt: Date | null;
  /** The confirmation that cleared it; null where none was needed. */
  readonly confirmationId: string | null;
  /** How often its account refused us while nothing was wrong on our side. */
  readonly refusals: number;
  readonly doneAt: Date | null;
}

/** A stack as far as leaving goes. */
export interface RecordedStack extends Pick<StackRecord, 'failures' | 'failedGeneration'> {
  readonly key: string;
  readonly kind: 'account' | 'region';
  readonly accountId: string;
  readonly region: string | null;
}

export interface OffboardingEnd {
  readonly what: StackToOffboard['what'];
  readonly at: Date;
  /** With the account's own stack: nothing is left in the account. */
  readonly account?: { readonly conditions: Conditions; readonly because: string } | undefined;
}

/** Says of an account that everything in it went. */
async function closeAccount(
  query: Query,
  { accountId, since }: Offboarding,
  { conditions, because }: NonNullable<OffboardingEnd['account']>,
): Promise<void> {
  const accounts = accountStore({ query });
  await accounts.setConditions(accountId, conditions);
  await accounts.setRegions(accountId, []);
  const details = { account: accountId, because };
  const once = `account departed ${accountId} ${since.toISOString()}`;
  await writeAudit(query, { who: 'portcullis', what: 'account departed', details }, once);
}

async function finish(
  query: Query,
  offboarding: Offboarding,
  { what, at, account }: OffboardingEnd,
  holder: Holder,
): Promise<void> {
  const { key, since, accountId, region, because, confirmationId } = offboarding;
  const gone = await query(`delete from stack where key = $1 and ${leaseGuard('$1', '$2')} returning key`, [
    key,
    holder.token,
  ]);
  if (gone.length === 0) {
    const left = await query('select key from stack where key = $1', [key]);
    if (left.length > 0) throw new LeaseLost(key);
  }
  await query('update offboarding set what = $2, done_at = $3 where key = $1 and done_at is null', [
    key,
    what,
    at,
  ]);
  const entry: AuditEntry = {
    who: 'portcullis',
    what: what === 'archive' ? 'stack forgotten' : 'stack destroyed',
    details: { key, account: accountId, region, because, confirmation: confirmationId },
  };
  await writeAudit(query, entry, `departed ${key} ${since.toISOString()}`);
  if (gone.length === 0) return;
  await endVerifications(query, accountId, region);
  if (region !== null) await accountStore({ query }).dropRegion(accountId, region);
  if (account) await closeAccount(query, offboarding, account);
}

/** Any number, the same in every process: one at a time changes what may depart. */
const offboardingLock = 6_821_012;

const records = ({ query }: Database) => ({
  get: (key: string) => firstRow<Offboarding>(query, 'select * from offboarding where key = $1', [key]),
  /** Every one that has not gone. */
  open: () => openOffboardings(query),
  /** Keys that settings leave out, that a person confirmed and that are not deleted yet: of an account, or of all. */
  leavingBySetting: (accountId?: string) =>
    firstColumn(
      query,
      `select key from offboarding where done_at is null and found_by = 'setting' and confirmation_id is not null
         and cleared_at is not null and ($1::text is null or account_id = $1)`,
      [accountId ?? null],
    ),
  /** Ends offboardings of Regions within an account's own stack, once it has these Regions alone. */
  async leftCells(accountId: string, regions: readonly string[], at: Date) {
    await query(
      `update offboarding set done_at = $3 where account_id = $1 and done_at is null and found_by = 'setting'
         and region is not null and not (region = any($2)) and not exists (select 1 from stack where key = offboarding.key)`,
      [accountId, regions, at],
    );
  },
  /** One more refusal; how many there were. */
  refused: async (key: string) =>
    (await firstValue<number>(
      query,
      'update offboarding set refusals = refusals + 1 where key = $1 and done_at is null returning refusals',
      [key],
    )) ?? 0,
  /** It does not depart after all. */
  async drop(key: string) {
    await query('delete from offboarding where key = $1 and done_at is null', [key]);
  },
});

const stacksToOffboard = ({ query, transaction }: Database) => ({
  /** Every stack but the hub's. */
  stacks: () =>
    query<RecordedStack>(
      `select key, kind, account_id, region, failures, failed_generation
       from stack where kind <> 'hub' order by key`,
    ),
  /** Has the transaction be the only one that changes what may depart. */
  alone: <T>(work: (query: Query) => Promise<T>): Promise<T> =>
    transaction(async (within) => {
      await within(`select pg_advisory_xact_lock(${offboardingLock})`);
      return work(within);
    }),
  /**
   * The stack went: its record goes with it, in one step with what is said of its account, and with the audit lines.
   * Asked for again, nothing happens. @throws LeaseLost
   */
  finish: inTransaction({ transaction }, finish),
  /**
   * Forgets the failures of departing stacks that failed so often at least, of these accounts or of all: which stacks.
   */
  resetFailures: (failures: number, accountIds: readonly string[] | undefined) =>
    firstColumn(
      query,
      `update stack set failures = 0 where failed_generation like 'offboarding %' and failures >= $1
         and ($2::text[] is null or account_id = any($2)) returning key`,
      [failures, accountIds ?? null],
    ),
});

export const offboardingStore = (database: Database) => ({
  ...records(database),
  ...stacksToOffboard(database),
});

export const openOffboardings = (query: Query) =>
  query<Offboarding>('select * from offboarding where done_at is null order by key');

/**
 * Records that stacks depart; what was cleared stays so, but where more is to be done to it now, or a setting asks for
 * what only the listing did before.
 */
export async function recordOffboardings(
  query: Query,
  set: readonly StackToOffboard[],
  foundBy: Offboarding['foundBy'],
  at: Date,
): Promise<void> {
  const stays = `d.done_at is null and not (d.what = 'archive' and excluded.what = 'destroy')
    and not (excluded.found_by = 'setting' and d.found_by <> 'setting')`;
  await query(
    `insert into offboarding as d (key, account_id, region, what, because, found_by, since)
     select key, account_id, region, what, because, $2, $3 from jsonb_populate_recordset(null::offboarding, $1::jsonb)
     on conflict (key) do update set what = excluded.what, because = excluded.because, found_by = excluded.found_by,
       since = case when d.done_at is null then d.since else excluded.since end,
       cleared_at = case when ${stays} then d.cleared_at end,
       confirmation_id = case when ${stays} then d.confirmation_id end,
       refusals = case when d.done_at is null then d.refusals else 0 end,
       done_at = null`,
    [rowsOf(set), foundBy, at],
  );
}

export async function dropAll(query: Query, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await query('delete from offboarding where done_at is null and key = any($1)', [keys]);
}

/** Clears stacks to be deleted or archived, by a confirmation or without one. */
export async function clear(
  query: Query,
  keys: readonly string[],
  confirmationId: string | null,
  at: Date,
): Promise<void> {
  if (keys.length === 0) return;
  await query(
    `update offboarding set cleared_at = $2, confirmation_id = $3
     where done_at is null and cleared_at is null and key = any($1)`,
    [keys, at, confirmationId],
  );
}

/** Holds stacks that are not deleted yet and that no person confirmed. */
export const holdUnconfirmed = (query: Query) =>
  query('update offboarding set cleared_at = null where done_at is null and confirmation_id is null');

/** Holds stacks that are not deleted yet and that these confirmations, which are over, cleared. */
export async function holdAgain(query: Query, confirmationIds: readonly string[]): Promise<void> {
  if (confirmationIds.length === 0) return;
  await query(
    `update offboarding set cleared_at = null, confirmation_id = null
     where done_at is null and confirmation_id = any($1::uuid[])`,
    [confirmationIds],
  );
}
