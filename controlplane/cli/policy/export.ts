import * as z from 'zod';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { formatRule } from './rule-text.ts';

/** The shapes of `aws ec2 describe-security-groups` and `describe-security-group-rules`, as far as they are read. */
const groupId = z.string('write a group id').regex(/^sg-[0-9a-zA-Z]+$/, 'a group id is such as sg-0123abcd');
const account = z.string('write an account id in quotes').regex(/^\d{12}$/, 'an account id has 12 digits');
const text = z.string('write text');
const port = z.int('write a whole number').nullish();
const list = <Item extends z.ZodType>(item: Item) => z.array(item, 'write a list').nullish();

export const permissionSchema = z.object(
  {
    IpProtocol: text,
    FromPort: port,
    ToPort: port,
    IpRanges: list(z.object({ CidrIp: text })),
    Ipv6Ranges: list(z.object({ CidrIpv6: text })),
    PrefixListIds: list(z.object({ PrefixListId: text })),
    UserIdGroupPairs: list(z.object({ GroupId: text.nullish(), UserId: text.nullish() })),
  },
  'write a permission as EC2 lists it',
);

export const listedRuleSchema = z.object({
  SecurityGroupRuleId: text,
  GroupId: groupId,
  GroupOwnerId: account.nullish(),
  SecurityGroupRuleArn: text.nullish(),
  IsEgress: z.boolean('write true or false'),
  IpProtocol: text,
  FromPort: port,
  ToPort: port,
  CidrIpv4: text.nullish(),
  CidrIpv6: text.nullish(),
  PrefixListId: text.nullish(),
  ReferencedGroupInfo: z.object({ GroupId: text.nullish(), UserId: text.nullish() }).nullish(),
});

export const listedGroupSchema = z.object({
  GroupId: groupId,
  GroupName: text.nullish(),
  OwnerId: account.nullish(),
  VpcId: text.nullish(),
  SecurityGroupArn: text.nullish(),
  Tags: list(z.object({ Key: text, Value: text })),
  IpPermissions: z.array(
    permissionSchema,
    'write a list of permissions, as aws ec2 describe-security-groups does',
  ),
  IpPermissionsEgress: list(permissionSchema),
});

export type Permission = z.infer<typeof permissionSchema>;
export type ListedRule = z.infer<typeof listedRuleSchema>;
export type ListedGroup = z.infer<typeof listedGroupSchema>;
type Source = SecurityGroupRule['source'];

/** The rules that one permission stands for, one for each source; their ids are the group's and their own words. */
export function rulesOfPermission(groupId: string, permission: Permission): SecurityGroupRule[] {
  const { IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs } = permission;
  const sources: Source[] = [
    ...(IpRanges ?? []).map(({ CidrIp }) => cidr(CidrIp)),
    ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => cidr(CidrIpv6)),
    ...(PrefixListIds ?? []).map(({ PrefixListId }) => prefixList(PrefixListId)),
    ...(UserIdGroupPairs ?? []).map(({ GroupId, UserId }) => group(GroupId, UserId)),
  ];
  const known = sources.length > 0 ? sources : [unknown];
  return known.map((source) => {
    const opening = { ...trafficOf(permission), source };
    return { id: `${groupId}/${formatRule(opening)}`, groupId, egress: false, ...opening };
  });
}

/** A rule that is listed by itself, with AWS's id. */
export function ruleOf(listed: ListedRule): SecurityGroupRule {
  const { SecurityGroupRuleId: id, GroupId: groupId, IsEgress: egress } = listed;
  return { id, groupId, egress, ...trafficOf(listed), source: sourceOfListedRule(listed) };
}

/** A rule has exactly one source; of another shape it is unknown, and so undecided. */
export function sourceOfListedRule(
  listed: Pick<ListedRule, 'CidrIpv4' | 'CidrIpv6' | 'PrefixListId' | 'ReferencedGroupInfo'>,
): Source {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo: peer } = listed;
  const sources: Source[] = [CidrIpv4, CidrIpv6].flatMap((range) => (range ? [cidr(range)] : []));
  if (PrefixListId) sources.push(prefixList(PrefixListId));
  if (peer?.GroupId) sources.push(group(peer.GroupId, peer.UserId));
  const [only = unknown] = sources;
  return sources.length > 1 ? unknown : only;
}

export function trafficOf(listed: Pick<Permission, 'IpProtocol' | 'FromPort' | 'ToPort'>) {
  return { protocol: listed.IpProtocol, fromPort: listed.FromPort ?? null, toPort: listed.ToPort ?? null };
}

const unknown: Source = { kind: 'unknown', text: 'that the rule lists' };
const cidr = (range: string): Source => ({ kind: 'cidr', text: range });
const prefixList = (id: string): Source => ({ kind: 'prefix-list', text: id });
const group = (id: string | null | undefined, owner: string | null | undefined): Source =>
  id ? { kind: 'group', text: id, account: owner ?? null } : unknown;
