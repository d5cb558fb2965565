import { hash } from 'node:crypto';
import type { Policy, PolicyException } from '../policy/schema/policy.ts';
import type { Ledger } from './ledger.ts';
import { scheduleRecheck } from './recheck.ts';
import { everyShard, type Place, shardOf } from './shards.ts';

const retentionMs = 90 * 24 * 3_600_000;
/** The single key that earlier versions used. */
const unsharded = 'exceptions';
const keyOf = (shard: number) => `exceptions/${shard}`;

/**
 * Schedules the groups that an exception covered at the last call and does not cover now: it expired, ended or changed.
 * An exception that does not name one group of an account and Region waits for the group's next event.
 */
export async function findExpiredExceptions(ledger: Ledger, policy: Policy, now: Date): Promise<void> {
  const old = linesOf(await ledger.read(unsharded));
  const current = Map.groupBy(placesOf(policy, now), (line) => shardOf(placeOf(line)));
  for (const shard of everyShard) {
    const key = keyOf(shard);
    const before = [
      ...linesOf(await ledger.read(key)),
      ...old.filter((line) => shardOf(placeOf(line)) === shard),
    ];
    const lines = current.get(shard) ?? [];
    if (before.length === 0 && lines.length === 0) continue;
    const expired = before.filter((line) => !lines.includes(line));
    await scheduleRecheck(ledger, expired.map(placeOf), now, now);
    await ledger.write(key, lines.join('\n'), new Date(now.getTime() + retentionMs));
  }
  if (old.length > 0) await ledger.write(unsharded, '', new Date(now.getTime() + retentionMs));
}

function linesOf(text = ''): string[] {
  return text === '' ? [] : text.split('\n');
}

/** Where exceptions apply at this moment, one line for each group and exception. */
function placesOf({ exceptions = [] }: Policy, now: Date): string[] {
  return exceptions
    .filter(({ expires }) => expires === undefined || now.getTime() < Date.parse(expires))
    .flatMap((exception) => {
      const digest = hash('sha256', JSON.stringify(exception)).slice(0, 16);
      return named(exception).map(({ account, region, groupId }) =>
        [account, region, groupId, digest].join(' '),
      );
    });
}

function named({ where }: PolicyException): Place[] {
  return (where.include ?? []).flatMap(({ accounts = [], regions = [], groupIds = [] }) => {
    const [account, ...others] = accounts;
    const [region, ...more] = regions;
    if (!account || !region || others.length > 0 || more.length > 0) return [];
    return groupIds.map((groupId) => ({ account, region, groupId }));
  });
}

function placeOf(line: string): Place {
  const [account = '', region = '', groupId = ''] = line.split(' ');
  return { account, region, groupId };
}
