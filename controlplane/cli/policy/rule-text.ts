import { parseCidr } from '../../../lambda/policy/addresses/cidr.ts';
import { protocolNumber } from '../../../lambda/policy/schema/match.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { PortcullisError } from '../../settings/errors.ts';

/** What a security group rule lets in, without its place. */
export type Opening = Pick<SecurityGroupRule, 'protocol' | 'fromPort' | 'toPort' | 'source'>;

const names = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
]);

/** The name by which EC2 lists a protocol; its own text where it is none. */
function protocolName(text: string): string {
  if (['-1', 'all'].includes(text.toLowerCase())) return '-1';
  const number = protocolNumber(text);
  return number === undefined ? text || '?' : (names.get(number) ?? String(number));
}

const hasPorts = (protocol: string) => protocol === 'tcp' || protocol === 'udp';
const hasTypes = (protocol: string) => protocol === 'icmp' || protocol === 'icmpv6';

/** A rule in words such as `tcp/22/0.0.0.0/0`; the same for the same opening in whatever form AWS lists it. */
export function formatRule({ protocol, fromPort, toPort, source }: Opening): string {
  const name = protocolName(protocol);
  const parts = [name];
  if (hasPorts(name))
    parts.push(fromPort === toPort ? String(fromPort ?? '?') : `${fromPort ?? '?'}-${toPort ?? '?'}`);
  else if (hasTypes(name) && fromPort !== null && fromPort !== -1)
    parts.push(toPort === null || toPort === -1 ? String(fromPort) : `${fromPort}:${toPort}`);
  if (source.kind === 'group' && source.account) parts.push(source.account);
  return [...parts, source.kind === 'unknown' ? '?' : source.text].join('/');
}

const form =
  'write it as tcp/22/0.0.0.0/0, udp/1000-2000/2001:db8::/32, icmp/8/0.0.0.0/0, -1/10.0.0.0/8, tcp/443/pl-0123 or tcp/443/sg-0123';

/** The rule that words such as `tcp/22/0.0.0.0/0` name. @throws saying what is wrong with them. */
export function parseRule(words: string): Opening {
  const [given = '', ...rest] = words.split('/');
  const wrong = (what: string) => new PortcullisError('invalid-request', `${words}: ${what}; ${form}`);
  const protocol = protocolName(given);
  if (protocol !== '-1' && protocolNumber(protocol) === undefined)
    throw wrong(`${given || 'nothing'} is no protocol`);
  const [first = ''] = rest;
  const bounds = boundsOf(protocol, first);
  if (typeof bounds === 'string') throw wrong(bounds);
  const source = parseSource((bounds ? rest.slice(1) : rest).join('/'));
  if (typeof source === 'string') throw wrong(source);
  const [fromPort, toPort] = bounds ?? (hasTypes(protocol) ? [-1, -1] : [null, null]);
  return { protocol, fromPort, toPort, source };
}

/** The ports, or the ICMP type and code; nothing where the protocol has none or the words name none; or what is wrong. */
function boundsOf(protocol: string, text: string): [number, number] | undefined | string {
  if (hasPorts(protocol)) {
    if (text === 'all') return [0, 65_535];
    const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
    if (from === undefined) return `${text || 'nothing'} is no port (all of them: 0-65535)`;
    if (Number(from) > Number(to) || Number(to) > 65_535) return `${text} is no range of ports`;
    return [Number(from), Number(to)];
  }
  const [, type, code] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (type === undefined) return undefined;
  if (!hasTypes(protocol)) return `protocol ${protocol} has no ports`;
  if (Number(type) > 255 || Number(code ?? 0) > 255) return `${text} is no ICMP type, or type:code`;
  return [Number(type), code === undefined ? -1 : Number(code)];
}

/** Whom a text lets in: an address range, a prefix list, or a group with or without its account; or what is wrong. */
export function parseSource(text: string): SecurityGroupRule['source'] | string {
  if (parseCidr(text)) return { kind: 'cidr', text };
  if (/^pl-[0-9a-zA-Z]+$/.test(text)) return { kind: 'prefix-list', text };
  const [, account = null, group] = /^(?:(\d{12})\/)?(sg-[0-9a-zA-Z]+)$/.exec(text) ?? [];
  if (group !== undefined) return { kind: 'group', text: group, account };
  if (parseCidr(`${text}/32`))
    return `${text} has no prefix length, such as ${text}/${text.includes(':') ? 128 : 32}`;
  return `${text || 'nothing'} is no source`;
}
