import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveMode, type Policy, parsePolicy } from '../../../../lambda/policy/parse.ts';
import { evaluateAll, open, worldOpen } from '../../../worlds/policy-sample.ts';

const textOf = (file: string) => readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
const shipped = textOf('lambda/policy.yaml');
const changed = shipped.replace(/^mode: observe$/m, 'mode: revoke');
const observing = parsePolicy(shipped);
const revoking = parsePolicy(changed);

const outcome = (policy: Policy, list: Parameters<typeof evaluateAll>[1]) =>
  evaluateAll(policy, list).map((each) => [each.verdict, each.verdict === 'violation' ? each.mode : null]);
const ruleOf = (change: Parameters<typeof evaluateAll>[1][number]) =>
  evaluateAll(revoking, [change]).map((each) =>
    'policyRule' in each ? each.policyRule.name : each.verdict,
  )[0];
const icmp = (type: number, source = '0.0.0.0/0', code = -1) => ({
  ...open(source, type, code),
  protocol: 'icmp',
});

describe('the shipped policy', () => {
  it('observes, and has the line to change beside the words for it', () => {
    expect(new Set(observing.rules.map((rule) => effectiveMode(observing, rule)))).toEqual(
      new Set(['observe']),
    );
    expect(shipped).toMatch(/change this one line to\n# `mode: revoke`.*\nmode: observe\n/);
    expect(evaluateAll(observing, [open('0.0.0.0/0', 22)])).toMatchObject([
      { verdict: 'violation', mode: 'observe', policyRule: { name: 'admin-ports' } },
    ]);
  });

  it('revokes by every rule once that one line is changed', () => {
    expect(new Set(revoking.rules.map((rule) => effectiveMode(revoking, rule)))).toEqual(new Set(['revoke']));
  });

  it('is, with that one line changed, the policy of the sandbox', () => {
    const meaning = (text: string) => text.slice(text.indexOf('# Prefix lists'));
    expect(meaning(textOf('sandbox/demo/policy.yaml'))).toBe(meaning(shipped));
    expect(parsePolicy(textOf('sandbox/demo/policy.yaml'))).toEqual(revoking);
  });

  it('revokes what is open to the world on any port but 80 and 443 and leaves what is narrower', () => {
    const one = parsePolicy(worldOpen);
    const source = fc.constantFrom('0.0.0.0/0', '0.0.0.0/1', '::/0', '10.0.0.0/8', '203.0.113.0/24');
    const port = fc.oneof(fc.constantFrom(22, 79, 80, 443, 444, 5432), fc.nat(65535));
    const protocol = fc.constantFrom('tcp', 'udp', '-1', '50');
    const rules = fc.array(
      fc.tuple(source, port, port, protocol).map(([cidr, a, b, name]) => ({
        ...open(cidr, Math.min(a, b), Math.max(a, b)),
        protocol: name,
      })),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(rules, (list) => {
        expect(outcome(revoking, list)).toEqual(outcome(one, list));
      }),
      { numRuns: 500 },
    );
  });

  it('judges ports of no critical rule as one rule about the world does, over all rules of a group', () => {
    const one = parsePolicy(worldOpen);
    const source = fc.constantFrom('0.0.0.0/0', '8.0.0.0/8', '9.0.0.0/8', '11.0.0.0/15', '2000::/17');
    const port = fc.constantFrom(79, 80, 443, 444, 8080);
    const rules = fc.array(fc.tuple(source, port), { maxLength: 6 });
    fc.assert(
      fc.property(rules, (list) => {
        const opened = list.map(([cidr, at]) => open(cidr, at));
        expect(outcome(revoking, opened)).toEqual(outcome(one, opened));
      }),
      { numRuns: 300 },
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
    ['icmp', 'medium', icmp(5)],
  ])('has a rule %s for it, of severity %s', (name, severity, change) => {
    expect(evaluateAll(revoking, [change])).toMatchObject([
      { policyRule: { name, severity, mode: 'revoke' } },
    ]);
  });

  describe.each([
    ['everything-open', { protocol: '-1' }, 0],
    ['admin-ports', {}, 22],
    ['databases', {}, 5432],
  ])('by its critical rule %s', (name, protocol, port) => {
    const judged = (source: string) => ruleOf({ ...open(source, port), ...protocol });

    it.each(['11.0.0.0/15', '11.0.0.0/9', '2600::/31', '2600::/17'])('takes %s for the world', (source) => {
      expect(judged(source)).toBe(name);
    });

    it.each(['11.0.0.0/16', '11.0.0.0/24', '2600::/32', '10.0.0.0/8', 'fd00::/8', '172.16.0.0/12'])(
      'leaves %s alone',
      (source) => {
        expect(judged(source)).toBe('allowed');
      },
    );

    it('counts ranges singly: two neighbours of a /16 each stay', () => {
      const pair = ['11.0.0.0/16', '11.1.0.0/16'].map((source) => ({ ...open(source, port), ...protocol }));
      expect(evaluateAll(revoking, pair).map(({ verdict }) => verdict)).toEqual(['allowed', 'allowed']);
    });
  });

  it('leaves a range of a /15 alone on other ports', () => {
    expect(ruleOf(open('11.0.0.0/15', 8080))).toBe('allowed');
  });

  it.each([
    ['redirect', 5],
    ['timestamp', 13],
    ['address mask', 17],
    ['every type', -1],
  ])('closes ICMP %s to the world', (_, type) => {
    expect(ruleOf(icmp(type))).toBe('icmp');
    expect(ruleOf(icmp(type, '10.0.0.0/8'))).toBe('allowed');
  });

  it.each([0, 3, 8, 11, 12, 14, 18])('leaves ICMP type %i to the world alone', (type) => {
    expect(ruleOf(icmp(type))).toBe('allowed');
  });
});
