import { readFileSync } from 'node:fs';
import { evaluate, type Verdict } from '../../lambda/policy/evaluate.ts';
import { type Policy, parsePolicy } from '../../lambda/policy/parse.ts';
import type { SecurityGroup, SecurityGroupRule, Situation } from '../../lambda/policy/security-group.ts';

/** A policy of one rule: revokes everything that is open to the world, except 80 and 443. */
export const worldOpen = readFileSync(
  new URL('../fixtures/policies/world-open.yaml', import.meta.url),
  'utf8',
);

/** What a policy rule matches: public ranges wider than /8 (IPv4) or /16 (IPv6). */
export const publicIngress = 'match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';

export const group: SecurityGroup = { id: 'sg-1', name: 'web', vpcId: 'vpc-1' };

export function rule(change: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  const source = { kind: 'cidr' as const, text: '0.0.0.0/0' };
  const where = { id: 'sgr-1', groupId: 'sg-1', egress: false };
  return { ...where, protocol: 'tcp', fromPort: 22, toPort: 22, source, ...change };
}

/** A rule that opens TCP ports to an address range. */
export function open(source: string, fromPort: number, toPort = fromPort): Partial<SecurityGroupRule> {
  return { fromPort, toPort, source: { kind: 'cidr', text: source } };
}

/** A policy of the rules given in flow style, with what else is at its top. */
export function policyOf(rules: string[], rest = ''): Policy {
  const list = rules.map((text, index) => `  - { name: rule-${index + 1}, mode: revoke, ${text} }`);
  return parsePolicy(['version: 1', 'rules:', ...list, rest].join('\n'));
}

/** A permanent exception for SSH from anywhere in group sg-1, in flow style; `undefined` leaves a key out. */
export function exceptionOf(change: Record<string, string | undefined> = {}): string {
  const keys = {
    ...{ name: 'partner', owner: 'web', why: 'a partner', ticket: 'SEC-1' },
    ...('expires' in change ? {} : { permanent: 'true' }),
    where: '{ include: [{ groupIds: [sg-1] }] }',
    allow: '{ ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } }',
    ...change,
  };
  const given = Object.entries(keys).filter(([, value]) => value !== undefined);
  return `{ ${given.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;
}

/** The verdicts on rules named a, b, c and so on. */
export function evaluateAll(
  policy: Policy,
  changes: Partial<SecurityGroupRule>[],
  situation: Situation = {},
  of = group,
): Verdict[] {
  const rules = changes.map((change, index) => rule({ id: String.fromCharCode(97 + index), ...change }));
  return evaluate(policy, of, rules, situation);
}

/** The verdict on one rule. */
export function evaluateOne(
  policy: Policy,
  change: Partial<SecurityGroupRule>,
  situation: Situation = {},
  of = group,
): Verdict {
  const [verdict] = evaluateAll(policy, [change], situation, of);
  if (!verdict) throw new Error('no verdict');
  return verdict;
}

export const verdicts = (all: Verdict[]) => all.map(({ verdict }) => verdict);
