import { hash } from 'node:crypto';
import type { Task } from '../event/task.ts';

export interface Place {
  account: string;
  region: string;
  groupId: string;
}

/** The group of a task. */
export const placeOf = ({ account, call, groupId }: Pick<Task, 'account' | 'call' | 'groupId'>): Place => ({
  ...{ account, region: call.region, groupId },
});

/** A group's part of a ledger key. */
export const keyOf = ({ account, region, groupId }: Place): string => `${account}/${region}/${groupId}`;

/**
 * Data of the whole organization is split over this many items. A DynamoDB item has at most 400 kB and an entry at most
 * 80 bytes, so 80,000 groups fit.
 */
export const shards = 16;

/** The shard of a group's entries: always the same one. */
export function shardOf(place: Place): number {
  return (hash('sha256', keyOf(place), 'buffer')[0] ?? 0) % shards;
}

export const everyShard: readonly number[] = Array.from({ length: shards }, (_, shard) => shard);
