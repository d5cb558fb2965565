import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import { readRules } from '../aws/security-groups.ts';

/** What happened to the rules, by reading the group after the call. */
export interface Revocation {
  revoked: string[];
  /** Deleted before this call: by a person, or by an earlier attempt at the same event. */
  alreadyGone: string[];
  /** The call succeeded, and the rules are still listed. */
  stillThere: string[];
  /** Why the reading after the call failed; then `revoked` relies on the call's answer only. */
  unverified: unknown;
  revokedAt: Date | null;
}

/** Listings can be older than a write: a rule that is still listed is read again after each of these waits. */
const looks = [0, 250, 500, 1_000];

/**
 * Revokes exactly these ingress rules of a group by id, and reads the group again. Idempotent: a rule that no longer
 * exists is fine. Rejects with the call's error when nothing was revoked.
 */
export async function revokeRules(
  member: Member,
  groupId: string,
  ruleIds: string[],
  clock: Clock,
): Promise<Revocation> {
  const wanted = await revokePresent(member, groupId, ruleIds, clock);
  const alreadyGone = ruleIds.filter((id) => !wanted.includes(id));
  const revokedAt = wanted.length > 0 ? clock.now() : null;
  let stillThere = wanted;
  try {
    for (const wait of looks) {
      if (stillThere.length === 0) break;
      if (wait > 0) await clock.sleep(wait);
      stillThere = await listed(member, groupId, wanted);
    }
  } catch (unverified) {
    if (errorClassOf(unverified) !== 'group-gone')
      return { revoked: wanted, alreadyGone, stillThere: [], unverified, revokedAt };
    stillThere = [];
  }
  const revoked = wanted.filter((id) => !stillThere.includes(id));
  return { revoked, alreadyGone, stillThere, unverified: undefined, revokedAt };
}

/**
 * The rules of the successful call. One missing rule fails the call for all, so the group is read again and the call
 * repeated with the remaining ones.
 */
async function revokePresent(
  member: Member,
  groupId: string,
  ruleIds: string[],
  clock: Clock,
): Promise<string[]> {
  let wanted = ruleIds;
  for (let round = 1; wanted.length > 0; round += 1) {
    try {
      await member.revokeIngress(groupId, wanted);
      return wanted;
    } catch (error) {
      if (errorClassOf(error) !== 'rule-gone') throw error;
      if (round === 3)
        throw Object.assign(new Error(`rules come and go: ${describeError(error)}`), { $retryable: {} });
      if (round > 1) await clock.sleep(500);
      wanted = await listed(member, groupId, wanted);
    }
  }
  return wanted;
}

async function listed(member: Member, groupId: string, ruleIds: string[]): Promise<string[]> {
  const present = new Set((await readRules(member, groupId)).map((rule) => rule.id));
  return ruleIds.filter((id) => present.has(id));
}
