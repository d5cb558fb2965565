import { createHash } from 'node:crypto';
import type { Policy, PolicyException } from '../policy/schema/policy.ts';
import type { Ledger } from './ledger.ts';
import { type Place, scheduleRecheck } from './recheck.ts';

const key = 'exceptions';
const retentionMs = 90 * 24 * 3_600_000;

/**
 * Makes due the groups that an exception named when this was called last and no longer covers: it has expired, was
 * ended or changed. Exceptions that name no single group of an account and Region wait for the group's next event.
 */
export async function findExpiredExceptions(ledger: Ledger, policy: Policy, now: Date): Promise<void> {
  const text = await ledger.read(key);
  const before: string[] = text === undefined || text === '' ? [] : text.split('\n');
  const current = placesOf(policy, now);
  const lapsed = before.filter((line) => !current.includes(line));
  await scheduleRecheck(ledger, lapsed.map(placeOf), now, now);
  await ledger.write(key, current.join('\n'), new Date(now.getTime() + retentionMs));
}

/** The groups that exceptions name and let something into at a moment, one a line, with what names the exception. */
function placesOf({ exceptions = [] }: Policy, now: Date): string[] {
  return exceptions
    .filter(({ expires }) => expires === undefined || now.getTime() < Date.parse(expires))
    .flatMap((exception) => {
      const digest = createHash('sha256').update(JSON.stringify(exception)).digest('hex').slice(0, 16);
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
