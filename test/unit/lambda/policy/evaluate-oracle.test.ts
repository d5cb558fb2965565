import type { SecurityGroupRule as Listed } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, type Verdict } from '../../../../lambda/policy/evaluate.ts';
import { ruleOf } from '../../../../lambda/policy/rule.ts';
import type { Policy } from '../../../../lambda/policy/schema/policy.ts';
import type { PrefixList } from '../../../../lambda/policy/security-group.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';
import { evaluateGroup } from '../fuzz/oracle.ts';
import type { Content } from '../fuzz/oracle-source.ts';
import { accounts } from '../fuzz/policies.ts';
import { policyArbitrary } from '../fuzz/random-policy.ts';
import { trials } from '../fuzz/runs.ts';
import { createScene, sceneArbitrary } from '../fuzz/scene.ts';

const now = new Date('2026-03-02T09:15:10Z');

function listOf(content: Content): PrefixList {
  if (content === 'aws') return { kind: 'aws', name: 'com.amazonaws.x' };
  if (content === 'unreadable') return { kind: 'unknown', reason: 'could not be read' };
  return { kind: 'entries', cidrs: content.cidrs };
}

const words = {
  violation: 'forbidden',
  undecided: 'unclear',
  allowed: 'allowed',
  excepted: 'excepted',
} as const;

/** A rule that cannot be restored is not revoked, and counts as undecided. */
function verdictTuple(verdict: Verdict): (string | null)[] {
  const { rule } = verdict;
  if (verdict.verdict === 'violation' && verdict.mode === 'revoke' && rule.source.kind === 'unknown')
    return [rule.id, 'unclear', null, null];
  const by = 'policyRule' in verdict ? verdict.policyRule.name : null;
  return [rule.id, words[verdict.verdict], by, 'mode' in verdict ? verdict.mode : null];
}

const where = { account: '300000000001', region: 'eu-west-1', now };
type Group = { id: string; name: string; tags: Record<string, string>; rules: readonly Listed[] };

/** Evaluates a group with the evaluator and the oracle, expects equal verdicts, and returns them. */
function judged(
  policy: Policy,
  { id, name, tags, rules }: Group,
  { account, region }: Pick<typeof where, 'account' | 'region'>,
  lists: ReadonlyMap<string, Content>,
): Verdict[] {
  const prefixLists = new Map([...lists].map(([list, content]) => [list, listOf(content)]));
  const listed = rules.map((rule) => ruleOf({ ...place(rule), ...rule }));
  const group = { id, name, vpcId: 'vpc-1', tags };
  const verdicts = evaluate(policy, group, listed, { account, region, accounts, prefixLists, now });
  const found = verdicts.filter(({ rule }) => !rule.egress).map(verdictTuple);
  const units = accounts[account]?.organizationalUnits;
  const at = { account, region, units, groupId: id, groupName: name, tags, now };
  const expected = [...evaluateGroup(policy, at, rules, lists)].map(([ruleId, { verdict, by, mode }]) => {
    const decided = verdict === 'forbidden' || verdict === 'excepted';
    return [ruleId, verdict, decided ? (by?.name ?? null) : null, verdict === 'forbidden' ? mode : null];
  });
  expect(found).toEqual(expected);
  return verdicts;
}

const place = ({ SecurityGroupRuleId = '', GroupId = '', IsEgress = false }: Listed) => ({
  ...{ SecurityGroupRuleId, GroupId, IsEgress },
});

function expectEach(seen: Map<string, number>, all: readonly string[], atLeast: number): void {
  for (const verdict of all) expect(seen.get(verdict), verdict).toBeGreaterThan(atLeast);
}

const count = (seen: Map<string, number>, verdicts: readonly Verdict[]) => {
  for (const { verdict } of verdicts) seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
};

const runs = trials('policies of any clauses', { quick: 1_500, full: 10_000 });

it('policies of any clauses are evaluated as by the oracle, in any account', () => {
  const seen = new Map<string, number>();
  const accountIds = fc.constantFrom('300000000001', '012345678901', '300000000002');
  fc.assert(
    fc.property(policyArbitrary, sceneArbitrary, accountIds, (policy, numbers, account) => {
      const { cells, lists } = createScene(account, where.region, numbers);
      for (const { id, name, tags: listed, rules } of cells.get(`${account}/${where.region}`)?.values() ??
        []) {
        const tags = Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value]));
        count(seen, judged(policy, { id, name, tags, rules }, { ...where, account }, lists));
      }
    }),
    { numRuns: runs },
  );
  expectEach(seen, Object.keys(words), runs / 50);
}, 600_000);

/** Twelve ports and the 64 addresses of 8.0.0.0/26: small enough for rules to meet in every way. */
const dense = fc
  .record({ a: fc.nat(11), b: fc.nat(11), address: fc.nat(63), length: fc.integer({ min: 26, max: 32 }) })
  .map(({ a, b, address, length }) => ({
    ...{ IpProtocol: 'tcp', FromPort: Math.min(a, b), ToPort: Math.max(a, b) },
    CidrIpv4: `8.0.0.${address}/${length}`,
  }));
const exception = (
  { FromPort, ToPort, CidrIpv4 }: { FromPort: number; ToPort: number; CidrIpv4: string },
  index: number,
) =>
  `{ name: e${index}, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ groupIds: [sg-1] }] },
  allow: { protocols: [tcp], ports: { any: ["${FromPort}-${ToPort}"] }, sources: { cidrs: [${CidrIpv4}] } } }`;

it('rules that are too wide together, or excepted together, are evaluated as by the oracle', () => {
  const seen = new Map<string, number>();
  const few = fc.array(dense, { maxLength: 6 });
  const limits = fc.integer({ min: 27, max: 31 });
  fc.assert(
    fc.property(
      few,
      few,
      limits,
      fc.array(fc.nat(11), { maxLength: 4 }),
      (rules, excepted, limit, except) => {
        const policy = policyOf(
          [
            `match: { sources: { public: { ipv4WiderThan: ${limit}, ipv6WiderThan: 16 } }, ports: { except: [${except}] } }`,
          ],
          `exceptions: [${excepted.map(exception).join(', ')}]`,
        );
        const listed = rules.map((rule, index) => ({
          ...{ ...rule, SecurityGroupRuleId: `sgr-${index}`, GroupId: 'sg-1', IsEgress: false },
        }));
        const group = { id: 'sg-1', name: 'web', tags: {}, rules: listed };
        count(seen, judged(policy, group, where, new Map()));
      },
    ),
    { numRuns: runs },
  );
  expectEach(seen, ['violation', 'excepted', 'allowed'], runs / 10);
}, 600_000);
