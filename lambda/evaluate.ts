import { type Cidr, isPublic, mappedIpv4, parseCidr } from './cidr.ts';
import { effectiveMode, type Mode, type Policy, type PolicyRule } from './grammar.ts';

export interface SecurityGroup {
  id: string;
  name: string;
  vpcId: string | null;
}

/** One rule of a security group as EC2 lists it, its source as text and kind. */
export interface SecurityGroupRule {
  id: string;
  groupId: string;
  egress: boolean;
  protocol: string;
  fromPort: number | null;
  toPort: number | null;
  source: { kind: 'cidr' | 'prefix-list' | 'group' | 'unknown'; text: string };
}

/** What the policy says of one security group rule; `undecided` is never acted upon. */
export type Verdict = { rule: SecurityGroupRule } & (
  | { verdict: 'allowed'; why: string }
  | { verdict: 'violation'; policyRule: PolicyRule; mode: Mode; why: string }
  | { verdict: 'undecided'; reason: string }
);

/**
 * One verdict for each security group rule, in the order given. The first policy rule that does not clearly miss
 * decides: a match is a violation in that rule's effective mode, a doubt is `undecided`. Pure: no clock, no calls.
 */
export function evaluate(
  policy: Policy,
  group: SecurityGroup,
  rules: readonly SecurityGroupRule[],
): Verdict[] {
  return rules.map((rule) => {
    if (rule.groupId !== group.id) {
      return {
        rule,
        verdict: 'undecided',
        reason: `the rule is listed under ${rule.groupId}, not ${group.id}`,
      };
    }
    if (rule.egress) return { rule, verdict: 'allowed', why: 'egress is not judged' };
    return judge(policy, rule);
  });
}

function judge(policy: Policy, rule: SecurityGroupRule): Verdict {
  const misses: string[] = [];
  for (const policyRule of policy.rules) {
    const ports = matchPorts(policyRule.match.ports.except, rule);
    const sources = matchPublic(policyRule.match.sources.public, rule.source);
    const miss = [sources, ports].find(({ match }) => match === 'no');
    if (miss) {
      misses.push(miss.why);
      continue;
    }
    const doubt = [sources, ports].find(({ match }) => match === 'unknown');
    if (doubt) return { rule, verdict: 'undecided', reason: doubt.why };
    const why = `${sources.why}, and ${ports.why}`;
    return { rule, verdict: 'violation', policyRule, mode: effectiveMode(policy, policyRule), why };
  }
  return { rule, verdict: 'allowed', why: [...new Set(misses)].join('; ') };
}

interface Match {
  match: 'yes' | 'no' | 'unknown';
  why: string;
}

type PublicSources = PolicyRule['match']['sources']['public'];

function matchPublic(limits: PublicSources, { kind, text }: SecurityGroupRule['source']): Match {
  if (kind === 'group') return { match: 'no', why: `${text} is a security group, not an address range` };
  if (kind === 'prefix-list') return { match: 'unknown', why: `prefix list ${text} is not resolved` };
  if (kind === 'unknown') return { match: 'unknown', why: `the source ${text} has an unknown shape` };
  const cidr = parseCidr(text);
  if (!cidr) return { match: 'unknown', why: `${text} cannot be read as an address range` };
  const ranges: Cidr[] = [cidr, mappedIpv4(cidr)].filter((range) => range !== undefined);
  const wide = ranges.find((range) => range.length < limit(limits, range) && isPublic(range));
  if (wide) return { match: 'yes', why: `${text} is public and wider than ${size(limits, wide)}` };
  if (!ranges.some(isPublic)) return { match: 'no', why: `${text} is not public` };
  return { match: 'no', why: `${text} is no wider than ${size(limits, cidr)}` };
}

function limit(limits: PublicSources, range: Cidr): number {
  return range.family === 4 ? limits.ipv4WiderThan : limits.ipv6WiderThan;
}

function size(limits: PublicSources, range: Cidr): string {
  return `/${limit(limits, range)}`;
}

const allProtocols = new Set(['-1', 'all']);
const withPorts = new Map([
  ['tcp', 'TCP'],
  ['6', 'TCP'],
  ['udp', 'UDP'],
  ['17', 'UDP'],
]);
const icmp = new Set(['icmp', '1', 'icmpv6', '58']);

/** Matches where the rule opens a port that is not excepted. */
function matchPorts(except: readonly number[], rule: SecurityGroupRule): Match {
  const protocol = rule.protocol.toLowerCase();
  if (allProtocols.has(protocol)) return { match: 'yes', why: 'every protocol and port is open' };
  if (icmp.has(protocol)) return { match: 'no', why: 'ICMP has types, not ports, and only ports are judged' };
  const name = withPorts.get(protocol);
  if (name) return matchPortRange(except, rule, name);
  if (/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255) {
    return {
      match: 'yes',
      why: `IP protocol ${Number(protocol)} is open whole, as it has no ports EC2 could limit`,
    };
  }
  return { match: 'unknown', why: `protocol ${rule.protocol} is unknown` };
}

function matchPortRange(
  except: readonly number[],
  { fromPort, toPort }: SecurityGroupRule,
  name: string,
): Match {
  if (fromPort === null || toPort === null || !isPort(fromPort) || !isPort(toPort) || fromPort > toPort) {
    return { match: 'unknown', why: `${name} ports ${fromPort} to ${toPort} are not a port range` };
  }
  const range = fromPort === toPort ? `port ${fromPort}` : `ports ${fromPort}-${toPort}`;
  const bad = firstOutside(new Set(except), fromPort, toPort);
  if (bad === undefined) return { match: 'no', why: `${name} ${range} is excepted` };
  const detail = fromPort === toPort ? 'not excepted' : `port ${bad} of it not excepted`;
  return { match: 'yes', why: `${name} ${range} is open, ${detail}` };
}

/** The lowest port of the range that is not in the set; looks at no more ports than the set holds, plus one. */
function firstOutside(set: ReadonlySet<number>, from: number, to: number): number | undefined {
  for (let port = from; port <= to; port += 1) if (!set.has(port)) return port;
  return undefined;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65535;
}
