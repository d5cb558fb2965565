import { PortcullisError } from '../settings/errors.ts';
import { writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { type Holder, LeaseLost, leaseGuard } from './database/lease-guard.ts';
import { firstRow } from './database/query.ts';
import { factStore } from './facts.ts';

/** A person had the installation removed. It stays so, over restarts and for every worker, until it is begun again. */
export interface Uninstall {
  readonly by: string;
  /** ISO 8601; each request has a time of its own, and counts failures anew. */
  readonly requestedAt: string;
  /** When the hub was removed; null before. */
  readonly finishedAt: string | null;
}

const uninstallFact = 'uninstall';

const isUninstall = (value: Uninstall | null | undefined): value is Uninstall => value != null;

/** Ends a run that has not ended: nothing is deployed any more. */
const endRuns = `with ended as (
    update run set state = 'failed', message = $1, finished_at = now() where finished_at is null returning id)
  update run_stack set state = 'skipped', message = $1, finished_at = now() from ended
  where run_id = ended.id and state in ('pending', 'admitted', 'running')`;

/** Every stack of an account leaves, cleared by the person's request. */
const clearStacks = `insert into offboarding as d (key, account_id, region, what, because, found_by, since, cleared_at)
  select key, account_id, region, 'destroy', $1, 'listing', now(), now() from stack
  where kind <> 'hub' and ($2::text is null or key = $2)
  on conflict (key) do update set what = 'destroy', because = excluded.because, found_by = excluded.found_by,
    since = excluded.since, cleared_at = excluded.cleared_at, confirmation_id = null, refusals = 0, done_at = null`;

/** Failures of the hub are counted for each request. */
export const hubAttempt = ({ requestedAt }: Pick<Uninstall, 'requestedAt'>): string =>
  `uninstall ${requestedAt}`;

/** Why nothing is deployed. */
export const uninstallSentence = ({ by, requestedAt, finishedAt }: Uninstall): string =>
  finishedAt
    ? `the installation was uninstalled by ${by}; it deploys nothing`
    : `the installation is being uninstalled, by ${by} since ${requestedAt}; it deploys nothing`;

const becauseOf = ({ by }: Pick<Uninstall, 'by'>): string => `uninstalled by ${by}`;

async function recorded(database: Pick<Database, 'query'>): Promise<Uninstall | undefined> {
  const fact = await factStore(database).get<Uninstall | null>(uninstallFact);
  return isUninstall(fact?.value) ? fact.value : undefined;
}

const assertNone = (request: Uninstall | undefined): void => {
  if (!request) return;
  const again = 'portcullis reinstall, or POST /v1/reinstall, begins it again';
  throw new PortcullisError('conflict', `${uninstallSentence(request)}; ${again}`);
};

/**
 * A transaction that creates a run holds this advisory lock shared, and one that requests an uninstall exclusively: the
 * creation finds the request, or the request finds the run.
 */
const uninstallLock = 6_821_015;

/**
 * Part of a transaction: no uninstall is requested before it ends.
 * @throws PortcullisError `conflict` while the installation is being uninstalled, and afterwards
 */
export async function keepInstalled(query: Query): Promise<void> {
  await query(`select pg_advisory_xact_lock_shared(${uninstallLock})`);
  assertNone(await recorded({ query }));
}

export const uninstallStore = (database: Database) => ({
  get: () => recorded(database),
  /** Whether the installation is being uninstalled, or was. */
  isRequested: async (): Promise<boolean> => (await recorded(database)) !== undefined,
  /** @throws PortcullisError `conflict` while the installation is being uninstalled, and afterwards */
  async assertInstalled(): Promise<void> {
    assertNone(await recorded(database));
  },
  /** Records the request, ends every run and clears every stack of an account, in one step. Asked again, it retries. */
  request: (by: string): Promise<Uninstall> =>
    database.transaction(async (query) => {
      await query(`select pg_advisory_xact_lock(${uninstallLock})`);
      const [row] = await query<{ now: Date }>('select now() as now');
      const requestedAt = (row?.now ?? new Date()).toISOString();
      const request: Uninstall = { by, requestedAt, finishedAt: null };
      await factStore({ query }).set(uninstallFact, request);
      await query(endRuns, [`the installation is being uninstalled, by ${by}`]);
      await query(clearStacks, [becauseOf(request), null]);
      await writeAudit(query, { who: by, what: 'uninstall requested', details: {} });
      return request;
    }),
  /** Clears a stack that was recorded after the request. */
  async clear(request: Uninstall, key: string) {
    await database.query(clearStacks, [becauseOf(request), key]);
  },
  /** The hub is removed: its record goes with it. @throws LeaseLost */
  finish: (request: Uninstall, holder: Holder): Promise<void> =>
    database.transaction(async (query) => {
      const deleted = await query(
        `delete from stack where key = 'hub' and ${leaseGuard(`'hub'`, '$1')} returning key`,
        [holder.token],
      );
      if (deleted.length === 0 && (await firstRow(query, `select 1 from stack where key = 'hub'`, [])))
        throw new LeaseLost('hub');
      if (request.finishedAt !== null) return;
      const finishedAt = new Date().toISOString();
      await factStore({ query }).set(uninstallFact, { ...request, finishedAt });
      const [left] = await query<{ count: number }>('select count(*)::int as count from stack');
      const details = { stacksLeft: left?.count ?? 0 };
      await writeAudit(query, { who: 'portcullis', what: 'uninstalled', details });
    }),
  /** The installation works again: what is not removed yet stays. False where none was uninstalled. */
  end: (by: string): Promise<boolean> =>
    database.transaction(async (query) => {
      const facts = factStore({ query });
      if (!isUninstall((await facts.get<Uninstall | null>(uninstallFact))?.value)) return false;
      await facts.set(uninstallFact, null);
      await query(`delete from offboarding where done_at is null and because like 'uninstalled by %'`);
      await query(`update stack set failures = 0 where failed_generation like 'offboarding %'`);
      await writeAudit(query, { who: by, what: 'reinstall requested', details: {} });
      return true;
    }),
});
