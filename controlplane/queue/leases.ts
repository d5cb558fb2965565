import { randomUUID } from 'node:crypto';
import { reasonOf } from '../settings/errors.ts';
import type { Database, Query } from '../store/database/database.ts';
import { LeaseLost } from '../store/database/lease-guard.ts';
import type { Logger } from '../telemetry/log.ts';
import { type LeaseRequest, type Limits, placesWithin } from './limits.ts';

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

interface LeaseSettings {
  /** How long a dead holder keeps its keys, milliseconds. */
  readonly ttlMs?: number;

  readonly limits?: Limits | undefined;
  /** How many workers there are. The queue sees to the limit for an account where there is but one. */
  readonly workers?: (() => number) | undefined;
}

/** Any number, the same in every process: held while leases are counted against a limit. */
const countingLock = 6_821_007;

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

/** Whose leases they are, and for how long each is granted or renewed. */
interface Holding {
  readonly owner: string;
  readonly ttlMs: number;
  readonly held: Map<string, Held>;
}

const intervalOf = ({ ttlMs }: Holding) => `${ttlMs} milliseconds`;

/** Renews what is held until it is stopped, and ends what can no longer be sure to be held. */
function renewal(
  { query }: Pick<Database, 'query'>,
  log: Logger,
  holding: Holding,
): { stop(): Promise<void> } {
  const { owner, ttlMs, held } = holding;
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
      [owner, mine.map(({ key }) => key), intervalOf(holding)],
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
  return {
    async stop() {
      clearInterval(timer);
      await renewing;
    },
  };
}

const grant = (query: Query, holding: Holding, asked: readonly LeaseRequest[]) =>
  query<Granted>(
    `insert into lease as l (key, owner, token, expires_at, region)
     select key, $1::uuid, nextval('lease_token'), now() + $4::interval, region
     from unnest($2::text[], $3::text[]) as asked (key, region)
     on conflict (key) do update set owner = excluded.owner, token = nextval('lease_token'), expires_at = excluded.expires_at,
       region = excluded.region, from_dead = l.expires_at > '-infinity'
     where l.expires_at <= now()
     returning key, token::text, from_dead`,
    [
      holding.owner,
      asked.map(({ key }) => key),
      asked.map(({ region }) => region ?? null),
      intervalOf(holding),
    ],
  );

async function endAll(query: Query): Promise<void> {
  await query('update lease set expires_at = now() where expires_at > now()');
}

const giveBack = (query: Query, { owner }: Holding, leases: readonly Lease[]) =>
  query(
    `delete from lease using unnest($2::text[], $3::bigint[]) as mine (key, token)
     where lease.key = mine.key and lease.token = mine.token and lease.owner = $1`,
    [owner, leases.map(({ key }) => key), leases.map(({ token }) => token)],
  );

/** Each key once: statements over many keys take them in one order, or two of them could wait for each other. */
const inOrder = (requests: readonly LeaseRequest[]): LeaseRequest[] =>
  [...new Map(requests.map((each) => [each.key, each])).values()].sort((a, b) => (a.key < b.key ? -1 : 1));

/**
 * Leases in the database, by its clock: a worker's own may jump. A worker that cannot renew in time tells its holders
 * to end before the lease runs out for others; one that comes to later (it was paused) finds its token refused.
 */
export function openLeases(
  database: Pick<Database, 'query' | 'transaction'>,
  log: Logger,
  { ttlMs = 30_000, limits = {}, workers = () => 1 }: LeaseSettings = {},
): Leases {
  const held = new Map<string, Held>();
  const holding = { owner: randomUUID(), ttlMs, held };
  const places = placesWithin(limits);
  const renewing = renewal(database, log, holding);
  let stopping = false;

  const ask = async (asked: readonly LeaseRequest[]): Promise<Granted[]> => {
    const counted = limits.fleet || limits.region || (limits.account && workers() > 1);
    if (!counted) return grant(database.query, holding, asked);
    return database.transaction(async (query) => {
      await query(`select pg_advisory_xact_lock(${countingLock})`);
      return grant(query, holding, await places.admit(query, asked));
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
      await giveBack(database.query, holding, own);
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
