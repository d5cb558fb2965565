import type { SecurityGroup as ListedGroup, SecurityGroupRule as ListedRule } from '@aws-sdk/client-ec2';
import { ruleOf } from '../policy/rule.ts';
import type { SecurityGroup, SecurityGroupRule } from '../policy/security-group.ts';
import type { Member } from './cloud.ts';
import { everyPage } from './pages.ts';

/** A security group with all of its current rules. @throws `InvalidGroup.NotFound`. */
export async function readGroup(
  member: Member,
  groupId: string,
): Promise<{ group: SecurityGroup; rules: SecurityGroupRule[] }> {
  const [groups, rules] = await Promise.all([member.describeGroups({ groupId }), readRules(member, groupId)]);
  const found = groups.items.find((group) => group.GroupId === groupId);
  if (!found) throw new Error(`DescribeSecurityGroups answered without ${groupId}`);
  return { group: toGroup(groupId, found), rules };
}

function toGroup(id: string, listed: ListedGroup): SecurityGroup {
  const tags = Object.fromEntries((listed.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  return { id, name: listed.GroupName ?? '', vpcId: listed.VpcId ?? null, owner: listed.OwnerId, tags };
}

/** Every security group of the Region with its rules. @throws when any page fails. */
export async function readEveryGroup(
  member: Member,
): Promise<{ group: SecurityGroup; rules: SecurityGroupRule[] }[]> {
  const [groups, listed] = await Promise.all([
    everyPage((token) => member.describeGroups({}, token)),
    everyPage((token) => member.describeRules(undefined, token)),
  ]);
  const rules = Map.groupBy(listed.map(toRule), ({ groupId }) => groupId);
  return groups.flatMap((group) =>
    group.GroupId ? [{ group: toGroup(group.GroupId, group), rules: rules.get(group.GroupId) ?? [] }] : [],
  );
}

/** All ingress and egress rules of a group. @throws when any page fails. */
export async function readRules(member: Member, groupId: string): Promise<SecurityGroupRule[]> {
  return (await everyPage((token) => member.describeRules(groupId, token))).map(toRule);
}

/** The ids of every group with this name in the Region: at most one in each VPC. */
export async function findGroups(member: Member, groupName: string): Promise<string[]> {
  const groups = await everyPage((token) => member.describeGroups({ groupName }, token));
  return groups.flatMap((group) => (group.GroupId ? [group.GroupId] : []));
}

/** The ids of every group in the Region with an ingress rule whose source is this prefix list. */
export async function findUsers(member: Member, prefixListId: string): Promise<string[]> {
  const rules = await everyPage((token) => member.describeRules(undefined, token));
  const users = rules.filter((rule) => rule.PrefixListId === prefixListId && !rule.IsEgress);
  return [...new Set(users.flatMap(({ GroupId }) => (GroupId ? [GroupId] : [])))];
}

function toRule({ SecurityGroupRuleId, GroupId, IsEgress, ...listed }: ListedRule): SecurityGroupRule {
  if (!SecurityGroupRuleId || !GroupId || IsEgress === undefined)
    throw new Error('DescribeSecurityGroupRules answered with a rule without id, group or direction');
  return ruleOf({ SecurityGroupRuleId, GroupId, IsEgress, ...listed });
}
