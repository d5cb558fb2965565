import { DescribeSecurityGroupRulesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { type ListedRule, ruleOf } from '../../lambda/policy/rule.ts';
import { protocolName } from '../../lambda/policy/schema/protocol.ts';
import type { SecurityGroupRule } from '../../lambda/policy/security-group.ts';
import { everyMatch } from './patience.ts';

/** EC2's largest page of most listings. */
export const pageSize = 1_000;

/**
 * A rule's content in the form of DescribeSecurityGroupRules: without ports it has -1, where DescribeSecurityGroups has
 * none. Both listings then give a rule the same identity, which events take from the former.
 */
export function asListedRule<Rule extends Omit<SecurityGroupRule, 'id' | 'groupId' | 'egress'>>(
  rule: Rule,
): Rule {
  const { fromPort, toPort } = rule;
  return { ...rule, fromPort: fromPort ?? -1, toPort: toPort ?? -1 };
}

/** What identifies a rule within its group in either listing. */
export function contentKey({ protocol, fromPort, toPort, source }: SecurityGroupRule): string {
  return [protocolName(protocol), fromPort ?? -1, toPort ?? -1, source.text].join(' ');
}

/** The ingress rules of groups with their ids, by group and content. @throws when any page fails */
export async function readRules(
  ec2: EC2Client,
  groupIds: readonly string[],
): Promise<Map<string, Map<string, SecurityGroupRule>>> {
  const listed = await everyMatch('group-id', groupIds, async (asked) => {
    const page = await ec2.send(new DescribeSecurityGroupRulesCommand({ ...asked, MaxResults: pageSize }));
    return { items: page.SecurityGroupRules, next: page.NextToken };
  });
  const found = new Map<string, Map<string, SecurityGroupRule>>();
  for (const each of listed) {
    if (!isIngress(each)) continue;
    const rule = ruleOf(each);
    const ofGroup = found.get(rule.groupId) ?? new Map<string, SecurityGroupRule>();
    ofGroup.set(contentKey(rule), rule);
    found.set(rule.groupId, ofGroup);
  }
  return found;
}

const isIngress = (listed: Partial<ListedRule>): listed is ListedRule =>
  listed.IsEgress === false && !!listed.SecurityGroupRuleId && !!listed.GroupId;
