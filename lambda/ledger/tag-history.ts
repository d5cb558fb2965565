import * as z from 'zod';
import type { RemediationResult } from '../contract/result.ts';
import type { TagChange } from '../event/parameters.ts';
import type { Task } from '../event/task.ts';
import type { Policy } from '../policy/schema/policy.ts';
import type { SecurityGroup } from '../policy/security-group.ts';
import type { Ledger } from './ledger.ts';
import { keyOf, type Place, placeOf } from './shards.ts';

const retentionMs = 90 * 24 * 3_600_000;
const changeSchema = z.object({
  value: z.string().nullable(),
  changedBy: z.string().nullable(),
  changedAt: z.string().nullable(),
});

/**
 * Records who changed a tag of a group and when. Events can arrive late; an older change never replaces a newer one.
 */
export async function keepTagChange(
  ledger: Ledger,
  { account, region, ...change }: TagChange & Omit<Place, 'groupId'>,
  { changedBy, changedAt }: { changedBy: string | null; changedAt: string | null },
  now: Date,
): Promise<void> {
  const key = tagKey({ account, region, groupId: change.groupId }, change.key);
  const text = await ledger.read(key);
  const earlier = text === undefined ? undefined : changeSchema.parse(JSON.parse(text));
  if (earlier?.changedAt && changedAt && earlier.changedAt > changedAt) return;
  const record = { value: change.value, changedBy, changedAt };
  await ledger.write(key, JSON.stringify(record), new Date(now.getTime() + retentionMs));
}

/**
 * The tag that requests an exception for the group, and who set it according to the events; null when the policy has no
 * such tag or the group does not have it. `samePerson`: the same principal opened the group and tagged it.
 */
export async function exceptionTagOf(
  ledger: Ledger,
  policy: Policy,
  group: SecurityGroup,
  task: Task,
  now: Date,
): Promise<RemediationResult['exceptionTag']> {
  const key = policy.exceptionTag;
  if (key === undefined) return null;
  const place = placeOf(task);
  const { principal } = task.call.actor;
  if (!task.retagged && principal !== null)
    await ledger.write(openerKey(place), principal, new Date(now.getTime() + retentionMs));
  const value = group.tags?.[key];
  if (value === undefined) return null;
  const text = await ledger.read(tagKey(place, key));
  const change = text === undefined ? undefined : changeSchema.parse(JSON.parse(text));
  // The tag has another value than the last known change, so an unknown principal changed it since.
  const { changedBy, changedAt } = change?.value === value ? change : { changedBy: null, changedAt: null };
  const opener = task.retagged ? await ledger.read(openerKey(place)) : principal;
  return { key, value, changedBy, changedAt, samePerson: changedBy !== null && changedBy === opener };
}

const tagKey = (place: Place, key: string) => `tag/${keyOf(place)}/${key}`;
const openerKey = (place: Place) => `opener/${keyOf(place)}`;
