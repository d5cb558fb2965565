import { expect, test } from 'vitest';
import { planRestore, type RestoreRequest } from '../../../../../controlplane/remediations/restore/plan.ts';
import { undoOf } from '../../../../../lambda/contract/undo.ts';
import { evaluate } from '../../../../../lambda/policy/evaluate.ts';
import { policySchema } from '../../../../../lambda/policy/parse.ts';
import type { SecurityGroupRule } from '../../../../../lambda/policy/security-group.ts';
import { finding, remediationRecord as record } from '../../../../worlds/remediation-sample.ts';

const id = '0190f2a4-7c3e-4b1a-9d2f-3c4b5a697887';
const at = new Date('2026-06-15T12:00:00Z');
const asked = { id, by: 'ops', at };
const words: RestoreRequest = {
  ...{ owner: 'web team', why: 'a partner needs it', ticket: 'SEC-7' },
  expires: '2026-07-01T00:00:00Z',
};

/** A policy that forbids all world-open ingress. */
const forbidding = policySchema.parse({ version: 1, rules: [{ name: 'all', match: {}, mode: 'revoke' }] });
const group = { id: 'sg-0a1b2c3d4e5f60001', name: 'web', vpcId: null, tags: {} };
const rule = (
  protocol: string,
  fromPort: number | null,
  toPort: number | null,
  source: SecurityGroupRule['source'],
) =>
  ({
    id: 'sgr-1',
    groupId: group.id,
    egress: false,
    protocol,
    fromPort,
    toPort,
    source,
  }) as SecurityGroupRule;
const world = { kind: 'cidr', text: '0.0.0.0/0' } as const;
const list = { kind: 'prefix-list', text: 'pl-0a1b' } as const;
const peer = { kind: 'group', text: 'sg-0ffff', account: '300000000002' } as const;

test.each([
  ['one port', rule('tcp', 22, 22, world)],
  ['a range of ports', rule('udp', 8000, 8100, world)],
  ['every port', rule('tcp', 0, 65535, world)],
  ['a numbered protocol with ports', rule('6', 22, 22, world)],
  ['everything', rule('-1', -1, -1, world)],
  ['IPv6', rule('tcp', 22, 22, { kind: 'cidr', text: '::/0' })],
  ['every ICMP type', rule('icmp', -1, -1, world)],
  ['one ICMP type', rule('icmp', 8, -1, world)],
  ['one ICMP type and code', rule('icmp', 3, 4, world)],
  ['ICMPv6', rule('icmpv6', -1, -1, { kind: 'cidr', text: '2000::/3' })],
  ['ICMPv6 by number', rule('58', 128, 0, { kind: 'cidr', text: '2000::/3' })],
  ['another protocol', rule('50', -1, -1, world)],
  ['another protocol without ports', rule('47', null, null, world)],
  ['a prefix list', rule('tcp', 443, 443, list)],
  ['a group of another account', rule('tcp', 5432, 5432, peer)],
])('the exception lets the whole rule through and no more than its source: %s', (_, given) => {
  const undo = undoOf(given);
  const plan = planRestore(record({ findings: [finding({ undo })] }), words, asked);
  const policy = policySchema.parse({
    ...forbidding,
    exceptions: [plan.exception],
  });
  const prefixLists = new Map([['pl-0a1b', { kind: 'entries' as const, cidrs: ['0.0.0.0/0'] }]]);
  const here = { account: '300000000001', region: 'eu-west-1', prefixLists, now: at };
  const verdict = (rules: SecurityGroupRule[], situation: object = here) =>
    evaluate(policy, group, rules, situation).map(({ verdict: each }) => each);
  expect(verdict([given])).toEqual(['excepted']);
  const elsewhere = { ...given, source: { kind: 'cidr', text: '198.18.0.0/15' } } as SecurityGroupRule;
  if (given.source.kind !== 'cidr') expect(verdict([elsewhere])).toEqual(['violation']);
  const wider = rule('-1', -1, -1, given.source);
  if (given.protocol !== '-1') expect(verdict([wider])).toEqual(['violation']);
  expect(verdict([given], { ...here, account: '300000000009' })).toEqual(['violation']);
  expect(verdict([given], { ...here, region: 'us-east-1' })).toEqual(['violation']);
  expect(verdict([given], { ...here, now: new Date('2026-07-01T00:00:00Z') })).toEqual(['violation']);
});

test('a restore of a thousand rules has one exception, for exactly those rules', () => {
  const closed = (index: number, change: Partial<SecurityGroupRule> = {}): SecurityGroupRule => ({
    ...rule('tcp', 1_000 + index, 1_000 + index, { kind: 'cidr', text: `198.51.${index % 250}.0/24` }),
    id: `sgr-${index}`,
    ...change,
  });
  const rules = Array.from({ length: 998 }, (_, index) => closed(index));
  rules.push(closed(998, { protocol: '-1', fromPort: -1, toPort: -1 }), closed(999, { source: list }));
  const findings = rules.map((each) => finding({ ruleId: each.id, undo: undoOf(each) }));
  const plan = planRestore(record({ findings }), words, asked);
  expect(plan.rules).toHaveLength(1_000);
  const policy = policySchema.parse({ ...forbidding, exceptions: [plan.exception] });
  const prefixLists = new Map([['pl-0a1b', { kind: 'entries' as const, cidrs: ['198.51.100.0/24'] }]]);
  const here = { account: '300000000001', region: 'eu-west-1', prefixLists, now: at };
  const verdicts = (given: SecurityGroupRule[]) =>
    new Set(evaluate(policy, group, given, here).map(({ verdict }) => verdict));
  expect(verdicts(rules)).toEqual(new Set(['excepted']));
  // The port of one rule with the source of another is in none of them; so is a wider source.
  const crossed = [10, 400, 700].flatMap((index) => [
    closed(index, { source: { kind: 'cidr', text: `198.51.${(index + 7) % 250}.0/24` } }),
    closed(index, { source: { kind: 'cidr', text: `198.51.${(index % 250) - (index % 2)}.0/23` } }),
    closed(index, { toPort: 1_001 + index }),
  ]);
  expect(verdicts(crossed)).toEqual(new Set(['violation']));
  const others = planRestore(record({ findings }), { ...words, rules: ['sgr-1', 'sgr-2'] }, asked);
  const two = policySchema.parse({ ...forbidding, exceptions: [others.exception] });
  const verdictsOfTwo = evaluate(two, group, rules, here).filter(({ verdict }) => verdict === 'excepted');
  expect(verdictsOfTwo.map(({ rule: { id: each } }) => each)).toEqual(['sgr-1', 'sgr-2']);
});

test('a restore of rules for the same ports has one entry with all of their sources', () => {
  const findings = ['203.0.113.0/24', '198.51.100.0/24'].map((text, index) =>
    finding({ ruleId: `sgr-${index}`, undo: undoOf(rule('tcp', 22, 22, { kind: 'cidr', text })) }),
  );
  expect(planRestore(record({ findings }), words, asked).exception.allow).toEqual({
    sources: { cidrs: ['203.0.113.0/24', '198.51.100.0/24'] },
    protocols: ['tcp'],
    ports: { any: [22] },
  });
});
