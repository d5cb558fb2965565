import type { Ledger } from './ledger.ts';
import { everyShard, type Place, shardOf, shards } from './shards.ts';

export type { Place } from './shards.ts';

/** A group to inspect though no event asks for it. */
export interface Recheck extends Place {
  /** Milliseconds since the epoch, from when on. */
  from: number;
  /** A result is wanted only where the inspection finds something new. */
  quiet: boolean;
  /** What it is in the ledger and where, to be settled by. */
  member: string;
  key: string;
}

const retentionMs = 14 * 24 * 3_600_000;
const minute = 60_000;
/** What is due sooner than this is read every minute; the rest one shard a minute, each every 16 minutes. */
const soon = 10 * minute;
/** Where earlier versions kept all of it. */
const unsharded = 'due';
const soonKey = (shard: number) => `due/soon/${shard}`;
const laterKey = (shard: number) => `due/later/${shard}`;

/** Keeps that groups are to be inspected from a moment on. Concurrent calls lose nothing of each other. */
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

/** What is due at a moment: what is read every minute first, then the longest due. A bounded read: 17 items, 18 where it reads the old one. */
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
