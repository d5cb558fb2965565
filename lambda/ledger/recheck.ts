import type { Ledger } from './ledger.ts';
import { everyShard, type Place, shardOf, shards } from './shards.ts';

/** A group to inspect without an event. */
export interface Recheck extends Place {
  /** The earliest time, in milliseconds since the epoch. */
  from: number;
  /** A result is published only when the inspection finds something new. */
  quiet: boolean;
  /** The ledger member that is removed once the inspection is done. */
  member: string;
  key: string;
}

const retentionMs = 14 * 24 * 3_600_000;
const minute = 60_000;
/**
 * An entry that is sooner than this is read every minute. Of the others, one shard is read each minute, so each every
 * 16 minutes.
 */
const soon = 10 * minute;
/** The single key that earlier versions used. */
const unsharded = 'due';
const soonKey = (shard: number) => `due/soon/${shard}`;
const laterKey = (shard: number) => `due/later/${shard}`;

/** Schedules groups to be inspected from a time on. Concurrent calls do not lose entries. */
export async function scheduleRecheck(
  ledger: Ledger,
  places: readonly Place[],
  from: Date,
  now: Date,
  quiet = false,
): Promise<void> {
  const keyOf = from.getTime() - now.getTime() < soon ? soonKey : laterKey;
  const byKey = Map.groupBy(places, (place) => keyOf(shardOf(place)));
  for (const [key, group] of byKey) {
    const members = group.map(({ account, region, groupId }) =>
      [from.getTime(), account, region, groupId, ...(quiet ? ['quiet'] : [])].join('|'),
    );
    await ledger.add(key, members, new Date(now.getTime() + retentionMs));
  }
}

/**
 * What to inspect now: first what is read every minute, then the longest overdue. Reads at most 17 items, 18 with the
 * old key.
 */
export async function readRechecks(ledger: Ledger, now: Date): Promise<Recheck[]> {
  const turn = Math.floor(now.getTime() / minute) % shards;
  const keys = [...everyShard.map(soonKey), laterKey(turn), ...(turn === 0 ? [unsharded] : [])];
  const found = await Promise.all(
    keys.map(async (key) => (await ledger.members(key)).map((member) => dueOf(key, member))),
  );
  return found
    .flat()
    .filter(({ from }) => from <= now.getTime())
    .sort((one, other) => rank(one) - rank(other) || one.from - other.from);
}

function rank({ key }: Recheck): number {
  return key.startsWith('due/soon/') ? 0 : 1;
}

function dueOf(key: string, member: string): Recheck {
  const [from, account = '', region = '', groupId = '', quiet] = member.split('|');
  return { from: Number(from), account, region, groupId, quiet: quiet === 'quiet', member, key };
}

export async function completeRechecks(ledger: Ledger, settled: readonly Recheck[]): Promise<void> {
  for (const [key, entries] of Map.groupBy(settled, (each) => each.key))
    await ledger.remove(
      key,
      entries.map(({ member }) => member),
    );
}
