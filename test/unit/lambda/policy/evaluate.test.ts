import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../../lambda/policy/evaluate.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import type { SecurityGroupRule } from '../../../../lambda/policy/security-group.ts';
import { evaluateOne, group, rule, worldOpen } from '../../../worlds/policy-sample.ts';

const policy = parsePolicy(worldOpen);
const judge = (change: Partial<SecurityGroupRule>, by = policy) => evaluateOne(by, change);
const from = (cidr: string) => judge({ source: { kind: 'cidr', text: cidr } }).verdict;

describe('a source', () => {
  it.each([
    ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '64.0.0.0/2', '8.0.0.0/7', '10.0.0.0/7'],
    ...['1.2.3.4/0', '0.0.0.0/00', '0.0.0.0/000'],
    ...['255.255.255.255/0', '::/0', '::/1', '2000::/3', '2000::/4', '2600::/15'],
    ...['2001:db8::/0', '0:0:0:0:0:0:0:0/0', '::/00'],
    ...['::ffff:0:0/96', '::ffff:0.0.0.0/96', '::ffff:8.0.0.0/103', '::ffff:1.2.3.4/97'],
    ...['::FFFF:0:0/95', '::/64'],
  ])('%s is open to the world', (cidr) => expect(from(cidr)).toBe('violation'));

  it.each([
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
    ...['127.0.0.1/32', '224.0.0.0/4', '240.0.0.0/4'],
    ...['224.0.0.0/3', '8.0.0.0/8', '3.0.0.0/8', '52.0.0.0/11', '8.8.8.8/32', '0.0.0.0/32', '0.0.0.0/8'],
    ...['fc00::/7', 'fe80::/10', 'ff00::/8', '8000::/1', '4000::/2', '::1/128', '::/128'],
    ...['2001:db8::/32', '2600::/16', '2a00:1450::/32'],
    ...['::ffff:10.0.0.0/104', '::ffff:8.0.0.0/104', '::ffff:8.8.8.8/128'],
  ])('%s is not', (cidr) => expect(from(cidr)).toBe('allowed'));

  it.each([
    ...['', '0.0.0.0', '/0', '0.0.0.0/', '0.0.0.0/33', '::/129', '0.0.0.0/-1'],
    ...['0.0.0.0/1e0', '0.0.0.0/0x0', '0.0.0/0'],
    ...['256.0.0.0/0', '010.0.0.0/4', '0.0.0.0/0/0', 'fe80::%eth0/0', '1::2::3/0', 'any'],
    ...['０.0.0.0/0', '0.0.0.0 /0'],
  ])('%j is undecided, as it cannot be read', (cidr) => expect(from(cidr)).toBe('undecided'));

  it('that is a security group is allowed', () => {
    expect(judge({ source: { kind: 'group', text: 'sg-2' } })).toMatchObject({ verdict: 'allowed' });
  });

  it('that is an unread prefix list is undecided on a port that the policy matches, and allowed on another', () => {
    const source = { kind: 'prefix-list' as const, text: 'pl-1' };
    expect(judge({ source })).toMatchObject({
      verdict: 'undecided',
      reason: 'prefix list pl-1 is not resolved',
    });
    expect(judge({ source, fromPort: 443, toPort: 443 })).toMatchObject({ verdict: 'allowed' });
  });

  it('of an unknown shape is undecided', () => {
    expect(judge({ source: { kind: 'unknown', text: '' } })).toMatchObject({ verdict: 'undecided' });
  });
});

describe('a port', () => {
  it.each<[string, number | null, number | null, string, RegExp]>([
    ['tcp', 80, 80, 'allowed', /port 80 is excepted/],
    ['tcp', 443, 443, 'allowed', /port 443 is excepted/],
    ['6', 443, 443, 'allowed', /excepted/],
    ['TCP', 22, 22, 'violation', /TCP port 22 is open/],
    ['tcp', 80, 443, 'violation', /ports .* are open, and port 81 is not excepted/],
    ['tcp', 443, 444, 'violation', /ports .* are open, and port 444 is not excepted/],
    ['tcp', 0, 65535, 'violation', /ports .* are open, and port 0 is not excepted/],
    ['6', 22, 22, 'violation', /TCP port 22/],
    ['udp', 53, 53, 'violation', /UDP port 53/],
    ['17', 53, 53, 'violation', /UDP port 53/],
    ['-1', null, null, 'violation', /every protocol/],
    ['-1', -1, -1, 'violation', /every protocol/],
    ['-1', 443, 443, 'violation', /every protocol/],
    ['50', null, null, 'violation', /IP protocol 50/],
    ['0', null, null, 'violation', /IP protocol 0/],
    ['47', 443, 443, 'violation', /IP protocol 47/],
    ['icmp', -1, -1, 'allowed', /types, not ports/],
    ['icmp', 8, -1, 'allowed', /types, not ports/],
    ['1', 22, 22, 'allowed', /types, not ports/],
    ['icmpv6', -1, -1, 'allowed', /types, not ports/],
    ['58', 128, 0, 'allowed', /types, not ports/],
    ['tcp', null, null, 'undecided', /not a port range/],
    ['tcp', -1, -1, 'undecided', /not a port range/],
    ['tcp', 443, 80, 'undecided', /not a port range/],
    ['udp', 0, 65536, 'undecided', /not a port range/],
    ['sctp', 22, 22, 'undecided', /protocol sctp is unknown/],
    ['256', null, null, 'undecided', /protocol 256 is unknown/],
    ['', null, null, 'undecided', /unknown/],
  ])('%s %s to %s from the world is %s…: %s', (protocol, fromPort, toPort, verdict, reason) => {
    const judged = judge({ protocol, fromPort, toPort });
    expect(judged.verdict).toBe(verdict);
    expect(judged.verdict === 'undecided' ? judged.reason : judged.why).toMatch(reason);
  });
});

describe('a verdict', () => {
  it('is given for every rule, in order', () => {
    const rules = [rule({ id: 'a' }), rule({ id: 'b', egress: true }), rule({ id: 'c', groupId: 'sg-2' })];
    const verdicts = evaluate(policy, group, rules).map((verdict) => [verdict.rule.id, verdict.verdict]);
    expect(verdicts).toEqual([
      ['a', 'violation'],
      ['b', 'allowed'],
      ['c', 'undecided'],
    ]);
  });

  it('names the policy rule, its mode and the reason in one sentence', () => {
    expect(judge({})).toMatchObject({
      policyRule: { name: 'world-open' },
      mode: 'revoke',
      why: '0.0.0.0/0 is public and wider than /8, and TCP port 22 is open, not excepted',
    });
  });

  const second = worldOpen
    .slice(worldOpen.indexOf('  - name'))
    .replace('world-open', 'second')
    .replace('ipv4WiderThan: 8', 'ipv4WiderThan: 24');
  const two = parsePolicy(worldOpen.replace('mode: revoke', 'mode: notify') + second);

  it('comes from the first rule that matches', () => {
    expect(judge({}, two)).toMatchObject({ policyRule: { name: 'world-open' }, mode: 'notify' });
    expect(judge({ source: { kind: 'cidr', text: '8.8.0.0/16' } }, two)).toMatchObject({
      policyRule: { name: 'second' },
      mode: 'revoke',
    });
  });

  it('is undecided when an earlier rule is in doubt, for any later rule', () => {
    expect(judge({ source: { kind: 'cidr', text: 'x' } }, two)).toMatchObject({ verdict: 'undecided' });
  });
});
