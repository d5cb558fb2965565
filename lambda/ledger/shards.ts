import { createHash } from 'node:crypto';

export interface Place {
  account: string;
  region: string;
  groupId: string;
}

/**
 * Data of the whole organization is split over this many items. A DynamoDB item has at most 400 kB and an entry at most
 * 80 bytes, so 80,000 groups fit.
 */
export const shards = 16;

/** The shard of a group's entries: always the same one. */
export function shardOf({ account, region, groupId }: Place): number {
  return (createHash('sha256').update(`${account}/${region}/${groupId}`).digest()[0] ?? 0) % shards;
}

export const everyShard: readonly number[] = Array.from({ length: shards }, (_, shard) => shard);
