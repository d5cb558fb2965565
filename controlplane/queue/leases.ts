import { randomUUID } from 'node:crypto';
import { reasonOf } from '../settings/errors.ts';
import type { Database, Query } from '../store/database/database.ts';
import { LeaseLost } from '../store/database/lease-guard.ts';
import type { Logger } from '../telemetry/log.ts';
import { type LeaseRequest, type Limits, placesWithin } from './limits.ts';

/** The exclusive right to work on a key, over all workers of a database. */
export interface Lease {
  readonly key: string;
  /** Unique and increasing over all leases: a write with an older token is rejected. */
  readonly token: string;
  /** Aborted once the lease is lost or the service stops. Work in progress must end then. */
  readonly signal: AbortSignal;
  /** `from-dead`: the previous holder let it expire, so its work may be incomplete. */
  readonly taken: 'fresh' | 'from-dead';
}

export interface Leases {
  /** Leases for the free keys (or keys of a dead holder) that fit the limits, the most urgent first. */
  acquire(keys: readonly LeaseRequest[]): Promise<Lease[]>;
  /** Whether a place is reserved for a key that a limit rejected: request it again soon. */
  expects(key: string): boolean;
  /** Releases leases. A lease that was lost meanwhile stays with its new holder. */
  release(leases: readonly Lease[]): Promise<void>;
  /** Expires every lease: for a start on a database without other processes. */
  releaseDead(): Promise<void>;
  /** Aborts all leases; they are still renewed until released. */
  abort(): void;
  /** Stops renewal. Leases that were not released expire. */
  stop(): Promise<void>;
}

interface LeaseSettings {
  /** How long a dead holder keeps its keys, milliseconds. */
  readonly ttlMs?: number;

  readonly limits?: Limits | undefined;
  /** The number of workers. With one worker, the queue enforces the limit per account. */
  readonly workers?: (() => number) | undefined;
}

/** A constant of all processes: the lock held while leases are counted against a limit. */
const countingLock = 6_821_007;

interface Held {
  readonly lease: Lease;
  readonly controller: AbortController;
  /** Monotonic time before the statement that last granted or renewed it. */
  sureAt: number;
}

interface Granted {
  key: string;
  token: string;
  fromDead: boolean;
}

interface HeldLeases {
  readonly owner: string;
  readonly ttlMs: number;
  readonly held: Map<string, Held>;
}

const intervalOf = ({ ttlMs }: HeldLeases) => `${ttlMs} milliseconds`;

/** Renews held leases until it is stopped, and aborts those that may have expired. */
function renewal(
  { query }: Pick<Database, 'query'>,
  log: Logger,
  ours: HeldLeases,
): { stop(): Promise<void> } {
  const { owner, ttlMs, held } = ours;
  const lose = (key: string) => {
    held.get(key)?.controller.abort(new LeaseLost(key));
    held.delete(key);
  };

  const renew = async () => {
    const mine = [...held.values()].map(({ lease }) => lease);
    if (mine.length === 0) return;
    const begun = performance.now();
    const rows = await query<{ key: string }>(
      `update lease set expires_at = now() + $3::interval
       where owner = $1 and key = any($2) and expires_at > now() returning key`,
      [owner, mine.map(({ key }) => key), intervalOf(ours)],
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
    // Early enough for an operation to end before others may take the key.
    const unsure = performance.now() - ttlMs * 0.7;
    for (const [key, { sureAt }] of [...held]) if (sureAt < unsure) lose(key);
    renewing ??= renew()
      .catch((error) => log.warn({ error: reasonOf(error) }, 'leases not renewed'))
      .finally(() => {
        renewing = undefined;
      });
  };
  const timer = setInterval(tick, ttlMs / 6);
  return {
    async stop() {
      clearInterval(timer);
      await renewing;
    },
  };
}

const grant = (query: Query, ours: HeldLeases, asked: readonly LeaseRequest[]) =>
  query<Granted>(
    `insert into lease as l (key, owner, token, expires_at, region)
     select key, $1::uuid, nextval('lease_token'), now() + $4::interval, region
     from unnest($2::text[], $3::text[]) as asked (key, region)
     on conflict (key) do update set owner = excluded.owner, token = nextval('lease_token'), expires_at = excluded.expires_at,
       region = excluded.region, from_dead = l.expires_at > '-infinity'
     where l.expires_at <= now()
     returning key, token::text, from_dead`,
    [ours.owner, asked.map(({ key }) => key), asked.map(({ region }) => region ?? null), intervalOf(ours)],
  );

async function endAll(query: Query): Promise<void> {
  await query('update lease set expires_at = now() where expires_at > now()');
}

const giveBack = (query: Query, { owner }: HeldLeases, leases: readonly Lease[]) =>
  query(
    `delete from lease using unnest($2::text[], $3::bigint[]) as mine (key, token)
     where lease.key = mine.key and lease.token = mine.token and lease.owner = $1`,
    [owner, leases.map(({ key }) => key), leases.map(({ token }) => token)],
  );

/** Each key once, and in the same order everywhere, to prevent deadlocks. */
const inOrder = (requests: readonly LeaseRequest[]): LeaseRequest[] =>
  [...new Map(requests.map((each) => [each.key, each])).values()].sort((a, b) => (a.key < b.key ? -1 : 1));

/**
 * Leases in the database, by its clock, because a worker's clock may jump. A worker that cannot renew in time aborts
 * before the lease expires; one that was paused finds its token rejected.
 */
export function openLeases(
  database: Pick<Database, 'query' | 'transaction'>,
  log: Logger,
  { ttlMs = 30_000, limits = {}, workers = () => 1 }: LeaseSettings = {},
): Leases {
  const held = new Map<string, Held>();
  const ours = { owner: randomUUID(), ttlMs, held };
  const places = placesWithin(limits);
  const renewing = renewal(database, log, ours);
  let stopping = false;

  const ask = async (asked: readonly LeaseRequest[]): Promise<Granted[]> => {
    const counted = limits.fleet || limits.region || (limits.account && workers() > 1);
    if (!counted) return grant(database.query, ours, asked);
    return database.transaction(async (query) => {
      await query(`select pg_advisory_xact_lock(${countingLock})`);
      return grant(query, ours, await places.admit(query, asked));
    });
  };
  const hold = ({ key, token, fromDead }: Granted, sureAt: number): Lease => {
    const controller = new AbortController();
    const taken = fromDead ? 'from-dead' : 'fresh';
    const lease: Lease = { key, token, signal: controller.signal, taken };
    held.set(key, { lease, controller, sureAt });
    if (stopping) controller.abort(new Error('the service stops'));
    return lease;
  };
  return {
    async acquire(keys) {
      const asked = inOrder(keys).filter(({ key }) => !held.has(key));
      if (asked.length === 0 || stopping) return [];
      const sureAt = performance.now();
      return (await ask(asked)).map((granted) => hold(granted, sureAt));
    },
    expects: places.expects,
    async release(leases) {
      const own = leases.filter((lease) => held.get(lease.key)?.lease === lease);
      if (own.length === 0) return;
      await giveBack(database.query, ours, own);
      for (const { key } of own) held.delete(key);
    },
    releaseDead: () => endAll(database.query),
    abort() {
      stopping = true;
      for (const { controller } of held.values()) controller.abort(new Error('the service stops'));
    },
    stop: renewing.stop,
  };
}
