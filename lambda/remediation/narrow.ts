import type { Member } from '../aws/cloud.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import { permissionOf } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';

/** The ranges that are now allowed instead of a rule's source, with the error when AWS refused some. */
export interface Narrowed {
  to: string[];
  error?: string;
}

/**
 * Allows these ranges with the rule's traffic, except those that the group already allows. Call it before the rule is
 * revoked, so that none of them loses access. Idempotent; never rejects.
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

/** EC2's limit is 255 characters. */
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
