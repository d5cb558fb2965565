import type { Member } from '../aws/cloud.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import { permissionOf } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';

/** What was let in instead of a rule's source; with an error where AWS did not let all of it in. */
export interface Narrowed {
  to: string[];
  error?: string;
}

/**
 * Lets these ranges in as the rule lets its source in, those that the group does not let in already. To be called
 * before the rule is revoked, so that nobody in them is cut off. Idempotent; never rejects.
 */
export async function authorizeRanges(
  member: Member,
  rule: SecurityGroupRule,
  present: readonly SecurityGroupRule[],
  ranges: readonly string[],
): Promise<Narrowed> {
  const to: string[] = [];
  const errors: string[] = [];
  for (const text of ranges) {
    try {
      const permission = permissionOf({ ...rule, source: { kind: 'cidr', text } }, description(rule));
      if (permission && !present.some((each) => isSame(each, rule, text)))
        await member.authorizeIngress(rule.groupId, permission);
      to.push(text);
    } catch (error) {
      if (errorClassOf(error) === 'duplicate') to.push(text);
      else errors.push(`${text}: ${describeError(error)}`);
    }
  }
  return errors.length === 0 ? { to } : { to, error: errors.join('; ').slice(0, 1_000) };
}

/** EC2 takes 255 characters. */
function description(rule: SecurityGroupRule): string {
  return `${rule.description ? `${rule.description} ` : ''}(narrowed from ${rule.source.text} by Portcullis)`.slice(
    -255,
  );
}

function isSame(one: SecurityGroupRule, other: SecurityGroupRule, text: string): boolean {
  const sameTraffic =
    one.protocol === other.protocol && one.fromPort === other.fromPort && one.toPort === other.toPort;
  return !one.egress && sameTraffic && one.source.kind === 'cidr' && one.source.text === text;
}
