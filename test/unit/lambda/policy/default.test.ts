import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { evaluateAll, open, worldOpen } from '../../../worlds/policy-sample.ts';

const shipped = parsePolicy(readFileSync(new URL('../../../../lambda/policy.yaml', import.meta.url), 'utf8'));

it('the shipped policy revokes what is open to the world on any port but 80 and 443, and that alone', () => {
  const one = parsePolicy(worldOpen);
  const source = fc.constantFrom(
    '0.0.0.0/0',
    '0.0.0.0/1',
    '::/0',
    '8.0.0.0/8',
    '9.0.0.0/8',
    '10.0.0.0/8',
    '203.0.113.0/24',
  );
  const port = fc.oneof(fc.constantFrom(22, 79, 80, 443, 444, 5432), fc.nat(65535));
  const protocol = fc.constantFrom('tcp', 'udp', '-1', 'icmp', '50');
  const rules = fc.array(
    fc.tuple(source, port, port, protocol).map(([cidr, a, b, name]) => ({
      ...open(cidr, Math.min(a, b), Math.max(a, b)),
      protocol: name,
    })),
    { maxLength: 5 },
  );
  const outcome = (policy: typeof one, list: Parameters<typeof evaluateAll>[1]) =>
    evaluateAll(policy, list).map((each) => [each.verdict, each.verdict === 'violation' ? each.mode : null]);
  fc.assert(
    fc.property(rules, (list) => {
      expect(outcome(shipped, list)).toEqual(outcome(one, list));
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['everything-open', 'critical', { ...open('0.0.0.0/0', 0), protocol: '-1' }],
  ['admin-ports', 'critical', open('0.0.0.0/0', 22)],
  ['admin-ports', 'critical', open('::/0', 3389)],
  ['databases', 'critical', open('0.0.0.0/0', 5432)],
  ['databases', 'critical', open('128.0.0.0/1', 27018)],
  ['world-open', 'high', open('0.0.0.0/0', 8080)],
  ['world-open', 'high', { ...open('0.0.0.0/0', 0), protocol: '50' }],
])('the shipped policy has a rule %s for it, of severity %s', (name, severity, change) => {
  expect(evaluateAll(shipped, [change])).toMatchObject([{ policyRule: { name, severity, mode: 'revoke' } }]);
});
