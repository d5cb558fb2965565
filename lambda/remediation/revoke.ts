import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import { readRules } from '../aws/security-groups.ts';

/** What became of the rules to revoke, by a look at the group after the call. */
export interface Revocation {
  revoked: string[];
  /** Gone before our call: by another hand, or by an earlier attempt at the same event. */
  alreadyGone: string[];
  /** The call succeeded and yet the rules are listed still. */
  stillThere: string[];
  /** Why the look afterwards failed; the rules in `revoked` rest on the call's answer alone then. */
  unverified: unknown;
  revokedAt: Date | null;
}

/** Listings trail writes by moments: a rule still listed is looked for again after each of these. */
const looks = [0, 250, 500, 1_000];

/**
 * Revokes these ingress rules of a group by id, nothing else, and looks again. Idempotent: a rule that is gone is
 * fine. Rejects with the error of the call where nothing was revoked.
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
 * The rules that the successful call named. One missing rule fails the call for all, so then the group is read
 * again and the call repeated for those that are left.
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
