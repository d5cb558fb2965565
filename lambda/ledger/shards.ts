import { createHash } from 'node:crypto';

/** Where a group is. */
export interface Place {
  account: string;
  region: string;
  groupId: string;
}

/**
 * Over how many items what is kept for the whole organization is split. DynamoDB takes 400 kB an item, and an entry
 * has at most 80 bytes: 80,000 groups fit.
 */
export const shards = 16;

/** The item of its kind that a group's entries are in: always the same one. */
export function shardOf({ account, region, groupId }: Place): number {
  return (createHash('sha256').update(`${account}/${region}/${groupId}`).digest()[0] ?? 0) % shards;
}

/** The numbers of all items of a kind. */
export const everyShard: readonly number[] = Array.from({ length: shards }, (_, shard) => shard);
