import { type Policy, policySchema } from '../lambda/policy/parse.ts';
import type { SecurityGroup, SecurityGroupRule, Situation } from '../lambda/policy/security-group.ts';
import { type Random, randomFrom } from './random.ts';

/** An IPv4 range of documentation-like shape, public for all but the first octets that are not. */
const publicRange = (random: Random, length: number): string =>
  `${random.between(11, 99)}.${random.below(256)}.${random.below(256)}.0/${length}`;

const ports = (random: Random): number[] => Array.from({ length: 3 }, () => random.between(1024, 49_151));

const shapes: ((random: Random) => object)[] = [
  (random) => ({ match: { ports: { any: ports(random) }, sources: { public: publicLimits(random, true) } } }),
  (random) => ({
    match: { ports: { any: ports(random) }, sources: { public: publicLimits(random, false) } },
  }),
  (random) => ({
    match: { sources: { cidrs: Array.from({ length: 5 }, () => publicRange(random, 24)) } },
  }),
  (random) => ({
    match: { protocols: ['udp'], sources: { public: publicLimits(random, true) } },
    scope: { include: [{ accounts: [`4000000${random.between(10_000, 99_999)}`] }] },
  }),
  (random) => ({
    match: { ports: { any: ports(random) }, sources: { public: publicLimits(random, true) } },
    scope: { exclude: [{ groupNames: ['alb-*', `nlb-${random.below(100)}-*`] }] },
  }),
];

function publicLimits(random: Random, union: boolean) {
  return { ipv4WiderThan: random.between(8, 16), ipv6WiderThan: random.between(16, 32), union };
}

/** A policy of so many rules in the shapes of docs/policy.md, five in turn; the same one in every run. */
export function largePolicy(rules: number): Policy {
  const random = randomFrom(1);
  return policySchema.parse({
    version: 1,
    trustAwsPrefixLists: true,
    rules: Array.from({ length: rules }, (_, index) => ({
      name: `rule-${index}`,
      mode: 'revoke',
      severity: 'high',
      ...shapes[index % shapes.length]?.(random),
    })),
  });
}

export interface Sample {
  readonly group: SecurityGroup;
  readonly rules: SecurityGroupRule[];
}

/** Where the groups of the sample are, with the content of the one prefix list that they name. */
export const situation: Situation = {
  account: '300000000001',
  region: 'eu-west-1',
  accounts: { '300000000001': { organizationalUnits: ['ou-1', 'Development'], tags: { stage: 'dev' } } },
  prefixLists: new Map([['pl-0', { kind: 'entries', cidrs: ['198.51.100.0/24', '203.0.113.0/24'] }]]),
  now: new Date('2026-03-02T09:15:10Z'),
};

/** Groups of so many rules in all, `each` to a group, as they are in the field; the same in every run. */
export function groups(total: number, each: number): Sample[] {
  const random = randomFrom(2);
  return Array.from({ length: Math.ceil(total / each) }, (_, index) => {
    const group = { id: `sg-${index}`, name: `web-${index}`, vpcId: 'vpc-1', tags: { team: 'web' } };
    const size = Math.min(each, total - index * each);
    return { group, rules: Array.from({ length: size }, (_, at) => rule(random, group.id, at)) };
  });
}

/** Of sixty: two open to the world on a web port, three prefix lists, ten groups, fifteen narrow, thirty private. */
function rule(random: Random, groupId: string, at: number): SecurityGroupRule {
  const port = at % 60 < 2 ? 443 : random.between(1024, 49_151);
  const base = { id: `sgr-${groupId}-${at}`, groupId, egress: false, protocol: 'tcp' };
  return { ...base, fromPort: port, toPort: port, source: source(random, at % 60) };
}

function source(random: Random, at: number): SecurityGroupRule['source'] {
  const cidr = (text: string) => ({ kind: 'cidr' as const, text });
  if (at === 0) return cidr('0.0.0.0/0');
  if (at === 1) return cidr('::/0');
  if (at < 5) return { kind: 'prefix-list', text: 'pl-0' };
  if (at < 15) return { kind: 'group', text: `sg-peer-${at}`, account: '300000000001' };
  if (at < 30) return cidr(publicRange(random, random.between(24, 32)));
  return cidr(`10.${random.below(256)}.0.0/${random.between(16, 32)}`);
}
