import type { IpPermission } from '@aws-sdk/client-ec2';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import type { Undo } from './result.ts';

/** What puts a rule back; null for a source of unknown shape, and such a rule is never revoked. */
export function undoOf(rule: SecurityGroupRule): Undo | null {
  const source = permissionSource(rule);
  if (!source) return null;
  return {
    ipPermission: { ...trafficOf(rule), ...source },
    tags: (rule.tags ?? []).map(({ Key, Value }) => ({ Key, Value })),
  };
}

/** Protocol and ports in AWS's own form, which has none where every protocol is open. */
export function trafficOf({ protocol, fromPort, toPort }: SecurityGroupRule): IpPermission {
  return {
    IpProtocol: protocol,
    ...(protocol !== '-1' && fromPort !== null && { FromPort: fromPort }),
    ...(protocol !== '-1' && toPort !== null && { ToPort: toPort }),
  };
}

function permissionSource({ source, description }: SecurityGroupRule): IpPermission | undefined {
  const { kind, text, account } = source;
  const Description = description || undefined;
  if (kind === 'prefix-list') return { PrefixListIds: [{ PrefixListId: text, Description }] };
  if (kind === 'group')
    return { UserIdGroupPairs: [{ GroupId: text, UserId: account ?? undefined, Description }] };
  if (kind === 'cidr') return addresses(text, Description);
  return undefined;
}

/** One address range as IPv6 or IPv4 takes it. */
export function addresses(text: string, Description: string | undefined): IpPermission {
  return text.includes(':')
    ? { Ipv6Ranges: [{ CidrIpv6: text, Description }] }
    : { IpRanges: [{ CidrIp: text, Description }] };
}
