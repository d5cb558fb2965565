import { randomUUID } from 'node:crypto';
import { reasonOf } from '../settings/errors.ts';
import { hubKey, placeOfKey } from '../stacks/key.ts';
import type { Database, Query } from '../store/database/database.ts';
import { LeaseLost } from '../store/database/lease-guard.ts';
import type { Logger } from '../telemetry/log.ts';
import { priorities } from './key-queue.ts';

/** The right to work on a key, held by one worker at a time over all workers of a database. */
export interface Lease {
  readonly key: string;
  /** Differs from that of every other holder of any key, and grows: a write under an older one is refused. */
  readonly token: string;
  /** Aborted once the lease is lost, or the service stops: whatever is under way has to end. */
  readonly signal: AbortSignal;
  /** `from-dead`: the holder before let it run out, so what it was doing may be half done. */
  readonly taken: 'fresh' | 'from-dead';
}

export interface Leases {
  /**
   * Those of the keys that were free, or whose holder is dead, and that the limits leave room for, the most urgent first;
   * the others are somebody's, or have to wait.
   */
  acquire(keys: readonly LeaseRequest[]): Promise<Lease[]>;
  /** Whether a place that becomes free is kept for the key, which a limit turned away: ask for it again soon. */
  expects(key: string): boolean;
  /** Gives them back; one that was lost meanwhile is somebody else's and stays so. */
  release(leases: readonly Lease[]): Promise<void>;
  /** Ends every lease as its holder's death would: for a start on a database that no other process has. */
  releaseDead(): Promise<void>;
  /** Tells every holder to end; leases are still renewed until they are released. */
  abort(): void;
  /** Renews no more. What was not released runs out. */
  stop(): Promise<void>;
}

export interface LeaseRequest {
  readonly key: string;
  /** Counts against the limit for its Region. */
  readonly region?: string | undefined;
  /** What is more urgent gets the last place that a limit leaves. */
  readonly priority?: number | undefined;
}

interface Limits {
  readonly fleet?: number | undefined;
  readonly account?: number | undefined;
  readonly region?: number | undefined;
}

interface LeaseSettings {
  /** How long a dead holder keeps its keys, milliseconds. */
  readonly ttlMs?: number;
  /** How many stacks may be worked on at once over all workers, in all, in one account and in one Region. */
  readonly limits?: Limits | undefined;
  /** How many workers there are. The queue sees to the limit for an account where there is but one. */
  readonly workers?: (() => number) | undefined;
}

/** Any number, the same in every process: held while leases are counted against a limit. */
const countingLock = 6_821_007;

/** Longer than a worker takes to ask again for what was turned away, milliseconds. */
const expectedMs = 500;

interface Held {
  readonly lease: Lease;
  readonly controller: AbortController;
  /** Before the statement that granted or last renewed it, by this process's clock that never jumps. */
  sureAt: number;
}

interface Granted {
  key: string;
  token: string;
  fromDead: boolean;
}

/** What a stack counts against, each with its limit. */
function countedAs({ key, region }: LeaseRequest, limits: Limits) {
  const account = placeOfKey(key)?.accountId;
  if (key !== hubKey && !account) return [];
  return [
    { of: 'fleet', most: limits.fleet },
    { of: account, most: limits.account },
    { of: region, most: limits.region },
  ].flatMap(({ of, most }) => (of && most ? [{ of, most }] : []));
}

/** Only what the limits leave room for, earlier ones first. Called under the counting lock. */
async function admissible(query: Query, asked: readonly LeaseRequest[], limits: Limits) {
  const live = await query<LeaseRequest>('select key, region from lease where expires_at > now()');
  const taken = new Map<string, number>();
  const take = (request: LeaseRequest) => {
    for (const { of } of countedAs(request, limits)) taken.set(of, (taken.get(of) ?? 0) + 1);
  };
  for (const lease of live) take(lease);
  return asked.filter((request) => {
    if (countedAs(request, limits).some(({ of, most }) => (taken.get(of) ?? 0) >= most)) return false;
    take(request);
    return true;
  });
}

/**
 * Leases in the database, by its clock: a worker's own may jump. A worker that cannot renew in time tells its holders
 * to end before the lease runs out for others; one that comes to later (it was paused) finds its token refused.
 */
export function openLeases(
  database: Pick<Database, 'query' | 'transaction'>,
  log: Logger,
  { ttlMs = 30_000, limits = {}, workers = () => 1 }: LeaseSettings = {},
): Leases {
  const owner = randomUUID();
  const held = new Map<string, Held>();
  /** New accounts that a limit turned away, and that are back in a moment. */
  const expected = new Map<string, { readonly request: LeaseRequest; readonly until: number }>();
  const interval = `${ttlMs} milliseconds`;
  let stopping = false;

  const lose = (key: string) => {
    held.get(key)?.controller.abort(new LeaseLost(key));
    held.delete(key);
  };

  const renew = async () => {
    const mine = [...held.values()].map(({ lease }) => lease);
    if (mine.length === 0) return;
    const begun = performance.now();
    const rows = await database.query<{ key: string }>(
      `update lease set expires_at = now() + $3::interval
       where owner = $1 and key = any($2) and expires_at > now() returning key`,
      [owner, mine.map(({ key }) => key), interval],
    );
    const kept = new Set(rows.map(({ key }) => key));
    for (const lease of mine) {
      const each = held.get(lease.key);
      if (each?.lease !== lease) continue;
      if (kept.has(lease.key)) each.sureAt = begun;
      else lose(lease.key);
    }
  };

  let renewing: Promise<void> | undefined;
  const tick = () => {
    // Before the others may take them: an operation needs some time to end.
    const unsure = performance.now() - ttlMs * 0.7;
    for (const [key, { sureAt }] of [...held]) if (sureAt < unsure) lose(key);
    renewing ??= renew()
      .catch((error) => log.warn({ error: reasonOf(error) }, 'leases not renewed'))
      .finally(() => {
        renewing = undefined;
      });
  };
  const timer = setInterval(tick, ttlMs / 6);

  /** Those of the keys that are within the limits, in the order given: a place for what is expected is kept from others. */
  const withinLimits = async (query: Query, asked: readonly LeaseRequest[]) => {
    for (const { key } of asked) expected.delete(key);
    for (const [key, { until }] of expected) if (until < performance.now()) expected.delete(key);
    const all = [...asked, ...[...expected.values()].map(({ request }) => request)];
    const urgency = ({ priority = priorities.resync }: LeaseRequest) => priority;
    // Of equally urgent ones those that are here go first.
    const within = new Set(
      await admissible(
        query,
        all.sort((a, b) => urgency(b) - urgency(a)),
        limits,
      ),
    );
    for (const request of asked) {
      if (within.has(request) || urgency(request) < priorities.onboarding) continue;
      expected.set(request.key, { request, until: performance.now() + expectedMs });
    }
    return asked.filter((request) => within.has(request));
  };

  const grant = (query: Query, asked: readonly LeaseRequest[]) =>
    query<Granted>(
      `insert into lease as l (key, owner, token, expires_at, region)
       select key, $1::uuid, nextval('lease_token'), now() + $4::interval, region
       from unnest($2::text[], $3::text[]) as asked (key, region)
       on conflict (key) do update set owner = excluded.owner, token = nextval('lease_token'), expires_at = excluded.expires_at,
         region = excluded.region, from_dead = l.expires_at > '-infinity'
       where l.expires_at <= now()
       returning key, token::text, from_dead`,
      [owner, asked.map(({ key }) => key), asked.map(({ region }) => region ?? null), interval],
    );

  return {
    async acquire(keys) {
      const asked = [...new Map(keys.map((each) => [each.key, each])).values()]
        .filter(({ key }) => !held.has(key))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      if (asked.length === 0 || stopping) return [];
      const sureAt = performance.now();
      const counted = limits.fleet || limits.region || (limits.account && workers() > 1);
      const rows = counted
        ? await database.transaction(async (query) => {
            await query(`select pg_advisory_xact_lock(${countingLock})`);
            return grant(query, await withinLimits(query, asked));
          })
        : await grant(database.query, asked);
      return rows.map(({ key, token, fromDead }) => {
        const controller = new AbortController();
        const taken = fromDead ? 'from-dead' : 'fresh';
        const lease: Lease = { key, token, signal: controller.signal, taken };
        held.set(key, { lease, controller, sureAt });
        if (stopping) controller.abort(new Error('the service stops'));
        return lease;
      });
    },
    expects: (key) => expected.has(key),
    async release(leases) {
      const own = leases.filter((lease) => held.get(lease.key)?.lease === lease);
      if (own.length === 0) return;
      await database.query(
        `delete from lease using unnest($2::text[], $3::bigint[]) as mine (key, token)
         where lease.key = mine.key and lease.token = mine.token and lease.owner = $1`,
        [owner, own.map(({ key }) => key), own.map(({ token }) => token)],
      );
      for (const { key } of own) held.delete(key);
    },
    async releaseDead() {
      await database.query('update lease set expires_at = now() where expires_at > now()');
    },
    abort() {
      stopping = true;
      for (const { controller } of held.values()) controller.abort(new Error('the service stops'));
    },
    async stop() {
      clearInterval(timer);
      await renewing;
    },
  };
}
