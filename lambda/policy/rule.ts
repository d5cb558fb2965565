import { parseCidr } from './addresses/cidr.ts';
import { hasPorts, hasTypes, isEverything, protocolName, protocolNumber } from './schema/protocol.ts';
import type { SecurityGroupRule } from './security-group.ts';

export type Opening = Pick<SecurityGroupRule, 'protocol' | 'fromPort' | 'toPort' | 'source'>;
type Source = SecurityGroupRule['source'];

type Maybe<Value> = Value | null | undefined;

/** Protocol and ports in EC2's form, which has no ports when every protocol is open. */
interface Traffic {
  IpProtocol?: Maybe<string>;
  FromPort?: Maybe<number>;
  ToPort?: Maybe<number>;
}

interface Peer {
  GroupId?: Maybe<string>;
  UserId?: Maybe<string>;
}

/** The source of a rule from DescribeSecurityGroupRules: exactly one field is set. */
interface RuleSource {
  CidrIpv4?: Maybe<string>;
  CidrIpv6?: Maybe<string>;
  PrefixListId?: Maybe<string>;
  ReferencedGroupInfo?: Maybe<Peer>;
}

export interface ListedRule extends Traffic, RuleSource {
  SecurityGroupRuleId: string;
  GroupId: string;
  IsEgress: boolean;
  Description?: Maybe<string>;
  Tags?: Maybe<readonly { Key?: string | undefined; Value?: string | undefined }[]>;
}

/** A permission from DescribeSecurityGroups, or for AuthorizeSecurityGroupIngress. */
export interface Permission extends Traffic {
  IpRanges?: Maybe<readonly { CidrIp?: Maybe<string> }[]>;
  Ipv6Ranges?: Maybe<readonly { CidrIpv6?: Maybe<string> }[]>;
  PrefixListIds?: Maybe<readonly { PrefixListId?: Maybe<string> }[]>;
  UserIdGroupPairs?: Maybe<readonly Peer[]>;
}

const unknown: Source = { kind: 'unknown', text: 'that the rule lists' };

function trafficIn({ IpProtocol, FromPort, ToPort }: Traffic): Omit<Opening, 'source'> {
  return { protocol: IpProtocol ?? '', fromPort: FromPort ?? null, toPort: ToPort ?? null };
}

function sourcesIn({ CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo: peer }: RuleSource): Source[] {
  const sources: Source[] = [];
  for (const text of [CidrIpv4, CidrIpv6]) if (text) sources.push({ kind: 'cidr', text });
  if (PrefixListId) sources.push({ kind: 'prefix-list', text: PrefixListId });
  if (peer?.GroupId) sources.push({ kind: 'group', text: peer.GroupId, account: peer.UserId ?? null });
  return sources;
}

/** What a rule opens. The source is unknown, and so undecided, when EC2 lists none or several. */
export function openingOf(listed: Traffic & RuleSource): Opening {
  const sources = sourcesIn(listed);
  const [only] = sources;
  if (only && sources.length === 1) return { ...trafficIn(listed), source: only };
  const text = sources.map((source) => source.text).join(' and ') || unknown.text;
  return { ...trafficIn(listed), source: { kind: 'unknown', text } };
}

export function ruleOf(listed: ListedRule): SecurityGroupRule {
  const { SecurityGroupRuleId: id, GroupId: groupId, IsEgress: egress, Description, Tags } = listed;
  return {
    ...{ id, groupId, egress, ...openingOf(listed) },
    description: Description ?? undefined,
    tags: (Tags ?? []).map(({ Key = '', Value = '' }) => ({ Key, Value })),
  };
}

/** What a permission opens, one opening for each source. */
export function openingsOf(permission: Permission): Opening[] {
  const { IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs } = permission;
  const sources = [
    ...(IpRanges ?? []).map(({ CidrIp }) => ({ CidrIpv4: CidrIp })),
    ...(Ipv6Ranges ?? []),
    ...(PrefixListIds ?? []),
    ...(UserIdGroupPairs ?? []).map((peer) => ({ ReferencedGroupInfo: peer })),
  ];
  return (sources.length > 0 ? sources : [{}]).map((source) => openingOf({ ...permission, ...source }));
}

/** An ingress rule without an AWS id: the id is made from its group and its text. */
export function ruleWithoutId(groupId: string, opening: Opening): SecurityGroupRule {
  return { id: `${groupId}/${formatRule(opening)}`, groupId, egress: false, ...opening };
}

/** A permission with one source, in the form of AuthorizeSecurityGroupIngress. */
export function permissionOf({ source, ...traffic }: Opening, description: string | undefined) {
  const { kind, text, account } = source;
  const Description = description || undefined;
  const to = permissionTraffic(traffic);
  if (kind === 'prefix-list') return { ...to, PrefixListIds: [{ PrefixListId: text, Description }] };
  if (kind === 'group')
    return { ...to, UserIdGroupPairs: [{ GroupId: text, UserId: account ?? undefined, Description }] };
  if (kind === 'unknown') return undefined;
  return text.includes(':')
    ? { ...to, Ipv6Ranges: [{ CidrIpv6: text, Description }] }
    : { ...to, IpRanges: [{ CidrIp: text, Description }] };
}

function permissionTraffic({ protocol, fromPort, toPort }: Omit<Opening, 'source'>) {
  return {
    IpProtocol: protocol,
    ...(protocol !== '-1' && fromPort !== null && { FromPort: fromPort }),
    ...(protocol !== '-1' && toPort !== null && { ToPort: toPort }),
  };
}

/** The ledger key of a rule's ingress. A re-created rule has another id and the same key. */
export function ingressKey({ protocol, fromPort, toPort, source }: IngressOf<{ text: string }>): string {
  return [protocol, fromPort, toPort, source.text].join(' ');
}

type IngressOf<From> = Omit<Opening, 'source'> & { source: From };

/** The rule in a finding of a result. For a source group, the owner is not known. */
export function openingOfFinding({ protocol, fromPort, toPort, source }: IngressOf<string>): Opening {
  const known = parseSource(source);
  const read = typeof known === 'string' ? { kind: 'unknown' as const, text: source } : known;
  return { protocol, fromPort, toPort, source: read };
}

/** Whether two texts are the same address range in any spelling, or the same text. */
export function isSameSource(one: string, other: string): boolean {
  const [first, second] = [parseCidr(one), parseCidr(other)];
  if (!first || !second) return one === other;
  return first.family === second.family && first.first === second.first && first.length === second.length;
}

/** A rule as text, such as `tcp/22/0.0.0.0/0`; the same text for the same opening in every form of AWS. */
export function formatRule({ protocol, fromPort, toPort, source }: Opening): string {
  const number = protocolNumber(protocol);
  const parts = [protocolName(protocol) || '?'];
  if (hasPorts(number))
    parts.push(fromPort === toPort ? String(fromPort ?? '?') : `${fromPort ?? '?'}-${toPort ?? '?'}`);
  else if (hasTypes(number) && fromPort !== null && fromPort !== -1)
    parts.push(toPort === null || toPort === -1 ? String(fromPort) : `${fromPort}:${toPort}`);
  if (source.kind === 'group' && source.account) parts.push(source.account);
  return [...parts, source.kind === 'unknown' ? '?' : source.text].join('/');
}

/** The rule that a text such as `tcp/22/0.0.0.0/0` names, or what is wrong with it. */
export function parseRule(words: string): Opening | string {
  const [given = '', ...rest] = words.split('/');
  const number = protocolNumber(given);
  if (!isEverything(given) && number === undefined) return `${given || 'nothing'} is no protocol`;
  const protocol = protocolName(given);
  const bounds = boundsOf(protocol, number, rest[0] ?? '');
  if (typeof bounds === 'string') return bounds;
  const source = parseSource((bounds ? rest.slice(1) : rest).join('/'));
  if (typeof source === 'string') return source;
  const [fromPort, toPort] = bounds ?? (hasTypes(number) ? [-1, -1] : [null, null]);
  return { protocol, fromPort, toPort, source };
}

/** The ports, or the ICMP type and code; empty when the protocol has none or the text names none; or what is wrong. */
function boundsOf(
  protocol: string,
  number: number | undefined,
  text: string,
): [number, number] | undefined | string {
  if (hasPorts(number)) {
    if (text === 'all') return [0, 65_535];
    const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    if (from === undefined) return `${text || 'nothing'} is no port (all of them: 0-65535)`;
    if (Number(from) > Number(to) || Number(to) > 65_535) return `${text} is no range of ports`;
    return [Number(from), Number(to)];
  }
  const [, type, code] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (type === undefined) return undefined;
  if (!hasTypes(number)) return `protocol ${protocol} has no ports`;
  if (Number(type) > 255 || Number(code ?? 0) > 255) return `${text} is no ICMP type, or type:code`;
  return [Number(type), code === undefined ? -1 : Number(code)];
}

/**
 * The source that a text names: an address range, a prefix list, or a group with or without its account; or what is
 * wrong.
 */
function parseSource(text: string): Source | string {
  if (parseCidr(text)) return { kind: 'cidr', text };
  if (/^pl-[0-9a-zA-Z]+$/.test(text)) return { kind: 'prefix-list', text };
  const [, account = null, group] = /^(?:(\d{12})\/)?(sg-[0-9a-zA-Z]+)$/.exec(text) ?? [];
  if (group !== undefined) return { kind: 'group', text: group, account };
  if (parseCidr(`${text}/32`))
    return `${text} has no prefix length, such as ${text}/${text.includes(':') ? 128 : 32}`;
  return `${text || 'nothing'} is no source`;
}
