import type { IpPermission, SecurityGroupRule } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { Exception } from '../../../lambda/policy/schema/exception.ts';
import type { Allow } from '../../../lambda/policy/schema/match.ts';
import { protocolName } from '../../../lambda/policy/schema/protocol.ts';

const Description = z.string().optional();

/** One permission in AWS's format with exactly one source, as in a finding's `undo`. */
export const ipPermissionSchema = z
  .object({
    IpProtocol: z.string(),
    FromPort: z.int().optional(),
    ToPort: z.int().optional(),
    IpRanges: z.array(z.object({ CidrIp: z.string(), Description })).default([]),
    Ipv6Ranges: z.array(z.object({ CidrIpv6: z.string(), Description })).default([]),
    PrefixListIds: z.array(z.object({ PrefixListId: z.string(), Description })).default([]),
    UserIdGroupPairs: z
      .array(z.object({ GroupId: z.string(), UserId: z.string().optional(), Description }))
      .default([]),
  })
  .refine(
    ({ IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs }) =>
      IpRanges.length + Ipv6Ranges.length + PrefixListIds.length + UserIdGroupPairs.length === 1,
    'must have exactly one source',
  );

export type SinglePermission = z.infer<typeof ipPermissionSchema>;

/** AWS rejects empty lists of sources. */
export const toAws = ({ IpProtocol, FromPort, ToPort, ...sources }: SinglePermission): IpPermission => ({
  ...{ IpProtocol, FromPort, ToPort },
  ...Object.fromEntries(Object.entries(sources).filter(([, list]) => list.length > 0)),
});

/**
 * The narrowest `allow` of an exception for these permissions in a group of this account: protocol, ports or ICMP
 * type (the grammar has no codes), and source of each. Permissions for the same traffic share an entry. The grammar
 * rejects what it cannot express.
 */
export function allowing(permissions: readonly SinglePermission[], accountId: string): Exception['allow'] {
  const byTraffic = Map.groupBy(permissions, (permission) => JSON.stringify(trafficOf(permission)));
  const entries = [...byTraffic.values()].flatMap((same) => {
    const sources = same.map((permission) => sourcesOf(permission, accountId));
    return same.slice(0, 1).map((permission) => ({
      sources: {
        ...together('cidrs', sources),
        ...together('prefixLists', sources),
        ...together('groupsOfAccounts', sources),
      },
      ...trafficOf(permission),
    }));
  });
  const [only, ...others] = entries;
  return only && others.length === 0 ? only : entries;
}

function together<Kind extends keyof Allow['sources']>(
  kind: Kind,
  sources: readonly Allow['sources'][],
): Pick<Allow['sources'], Kind> | Record<string, never> {
  const named = [...new Set(sources.flatMap((each) => each[kind] ?? []))];
  return named.length > 0 ? ({ [kind]: named } as Pick<Allow['sources'], Kind>) : {};
}

function sourcesOf(
  { IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs }: SinglePermission,
  accountId: string,
): Allow['sources'] {
  const cidrs = [...IpRanges.map(({ CidrIp }) => CidrIp), ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6)];
  if (cidrs.length > 0) return { cidrs };
  const lists = PrefixListIds.map(({ PrefixListId }) => PrefixListId);
  if (lists.length > 0) return { prefixLists: lists };
  // A pair without an owner names a group of the same account.
  return { groupsOfAccounts: UserIdGroupPairs.map(({ UserId }) => UserId ?? accountId) };
}

function trafficOf({
  IpProtocol,
  FromPort: from = -1,
  ToPort: to = -1,
}: SinglePermission): Omit<Allow, 'sources'> {
  const protocol = protocolName(IpProtocol);
  if (protocol === '-1') return { protocols: ['all'] };
  if (protocol === 'tcp' || protocol === 'udp')
    return { protocols: [protocol], ports: { any: [from === to ? from : `${from}-${to}`] } };
  if (protocol === 'icmp' || protocol === 'icmpv6')
    return { protocols: [protocol], icmp: { types: from === -1 ? 'any' : [from] } };
  return { protocols: [protocol] };
}

/** Whether a listed ingress rule allows exactly the permission, ignoring the description. */
export function isSameIngress(rule: SecurityGroupRule, permission: SinglePermission): boolean {
  if (rule.IsEgress || protocolName(rule.IpProtocol ?? '') !== protocolName(permission.IpProtocol))
    return false;
  const everything = protocolName(permission.IpProtocol) === '-1';
  const samePorts =
    everything ||
    ((rule.FromPort ?? -1) === (permission.FromPort ?? -1) &&
      (rule.ToPort ?? -1) === (permission.ToPort ?? -1));
  return samePorts && sourceText(rule) === permissionSource(permission);
}

const sourceText = (rule: SecurityGroupRule): string | undefined =>
  rule.CidrIpv4 ?? rule.CidrIpv6 ?? rule.PrefixListId ?? rule.ReferencedGroupInfo?.GroupId;

const permissionSource = (permission: SinglePermission): string | undefined =>
  permission.IpRanges[0]?.CidrIp ??
  permission.Ipv6Ranges[0]?.CidrIpv6 ??
  permission.PrefixListIds[0]?.PrefixListId ??
  permission.UserIdGroupPairs[0]?.GroupId;
