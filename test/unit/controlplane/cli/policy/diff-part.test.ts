import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diffPolicies } from '../../../../../controlplane/cli/policy/diff.ts';
import { evaluate } from '../../../../../lambda/policy/evaluate.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { group, open, rule } from '../../../../worlds/policy-sample.ts';
import { policyText, worldOn } from './cli.ts';

const now = new Date('2027-01-01T00:00:00Z');
const place = { account: '300000000001', region: 'eu-west-1' };
const exception =
  'exceptions: [{ name: guest, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ regions: [eu-west-1] }] }, allow: { ports: { any: [22] }, sources: { cidrs: [0.0.0.0/1] } } }]';
const limits = fc.constantFrom(
  'ipv4WiderThan: 1, ipv6WiderThan: 1',
  'ipv4WiderThan: 2, ipv6WiderThan: 1',
  'ipv4WiderThan: 8, ipv6WiderThan: 16',
  'ipv4WiderThan: 8, ipv6WiderThan: 16, union: false',
);
const policyRule = fc
  .tuple(fc.constantFrom('22', '20-30', '443'), limits, fc.constantFrom('revoke', 'notify'))
  .map(([ports, wide, mode]) => `mode: ${mode}, ${worldOn(ports, wide)}`);
const piece = fc
  .tuple(
    fc.constantFrom(
      '0.0.0.0/1',
      '128.0.0.0/1',
      '64.0.0.0/2',
      '128.0.0.0/2',
      '8.0.0.0/9',
      '10.0.0.0/8',
      '0.0.0.0/0',
    ),
    fc.constantFrom<[number, number]>([22, 22], [20, 25], [443, 443]),
  )
  .map(([source, [from, to]]) => open(source, from, to));

it('a decision about some rules of a group holds with any other rules in it', () => {
  let decided = 0;
  let left = 0;
  fc.assert(
    fc.property(
      fc.array(policyRule, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', exception),
      fc.array(piece, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (texts, rest, pieces, mask) => {
        const policy = parsePolicy(policyText(texts, rest));
        const rules = pieces.map((each, index) => rule({ id: `sgr-${index}`, ...each }));
        const known = rules.filter((_, index) => (mask >> index) % 2 === 0);
        const whole = new Map(
          evaluate(policy, group, rules, { ...place, now }).map((each) => [each.rule.id, each]),
        );
        const holding = { group, ...place, rules: known, egress: 0, notes: [] };
        const evidence = { snapshots: [holding], whole: false, gaps: [] };
        const { same, differing } = diffPolicies(policy, policy, evidence, { now, prefixLists: new Map() });
        expect(differing).toEqual([]);
        for (const evaluated of same) {
          if (evaluated.verdict === 'undecided') left += 1;
          else {
            decided += 1;
            const real = whole.get(evaluated.ruleId);
            const by = real && 'policyRule' in real ? real.policyRule.name : null;
            expect([evaluated.verdict, evaluated.policyRule]).toEqual([real?.verdict, by]);
          }
        }
      },
    ),
    { numRuns: 800 },
  );
  expect(decided).toBeGreaterThan(100);
  expect(left).toBeGreaterThan(100);
});
