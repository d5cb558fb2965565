import { describe, expect, it } from 'vitest';
import type { SecurityGroupRule, Situation } from '../../../../lambda/policy/security-group.ts';
import {
  evaluateAll,
  evaluateOne,
  open,
  policyOf,
  publicIngress,
  verdicts,
} from '../../../worlds/policy-sample.ts';

function judge(match: string, change: Partial<SecurityGroupRule>, situation: Situation = {}, rest = '') {
  return evaluateOne(policyOf([`match: { ${match} }`], rest), change, situation);
}

const of = (protocol: string, fromPort: number | null, toPort: number | null) => {
  return { protocol, fromPort, toPort };
};

describe('what a rule opens', () => {
  it.each<[string, Partial<SecurityGroupRule>, string]>([
    ['ports: { any: [22] }', of('tcp', 22, 22), 'violation'],
    ['ports: { any: [22] }', of('tcp', 20, 25), 'violation'],
    ['ports: { any: [22] }', of('udp', 22, 22), 'violation'],
    ['ports: { any: [22] }', of('tcp', 23, 25), 'allowed'],
    ['ports: { any: ["8000-8100"] }', of('tcp', 8100, 9000), 'violation'],
    ['ports: { any: ["8000-8100"] }', of('tcp', 8101, 9000), 'allowed'],
    ['ports: { any: [22] }', of('-1', null, null), 'violation'],
    ['ports: { any: [22] }', of('50', null, null), 'allowed'],
    ['ports: { any: [22] }', of('icmp', 22, -1), 'allowed'],
    ['ports: { except: ["80-443"] }', of('tcp', 80, 443), 'allowed'],
    ['ports: { except: ["80-443"] }', of('tcp', 79, 443), 'violation'],
    ['ports: { except: ["0-65535"] }', of('udp', 0, 65535), 'allowed'],
    ['ports: { except: ["0-65535"] }', of('47', null, null), 'violation'],
    ['protocols: [tcp], ports: { any: [53] }', of('udp', 53, 53), 'allowed'],
    ['protocols: [tcp]', of('6', 1, 1), 'violation'],
    ['protocols: [50]', of('50', null, null), 'violation'],
    ['protocols: [50]', of('-1', null, null), 'violation'],
    ['protocols: [all]', of('-1', -1, -1), 'violation'],
    ['protocols: [all]', of('tcp', 0, 65535), 'allowed'],
    ['icmp: { types: [8] }', of('icmp', 8, -1), 'violation'],
    ['icmp: { types: [8] }', of('icmp', 8, 0), 'violation'],
    ['icmp: { types: [8] }', of('icmp', -1, -1), 'violation'],
    ['icmp: { types: [8] }', of('icmpv6', 8, 0), 'violation'],
    ['protocols: [icmp], icmp: { types: [8] }', of('58', 8, 0), 'allowed'],
    ['icmp: { types: [8] }', of('icmp', 3, 4), 'allowed'],
    ['icmp: { types: [8] }', of('tcp', 8, 8), 'allowed'],
    ['icmp: { types: any }', of('1', 13, -1), 'violation'],
    ['icmp: { types: [8] }', of('icmp', 300, -1), 'undecided'],
    ['icmp: { types: [8] }, ports: { any: [22] }', of('tcp', 22, 22), 'violation'],
    ['protocols: [tcp], icmp: { types: any }', of('-1', -1, -1), 'allowed'],
    ['', of('icmp', 3, 4), 'violation'],
    ['', of('sctp', 3, 4), 'undecided'],
  ])('{ %s } against %j is %s', (match, change, verdict) => {
    expect(judge(match, change).verdict).toBe(verdict);
  });
});

describe('a source', () => {
  const limits = 'public: { ipv4WiderThan: 8, ipv6WiderThan: 16 }';
  const cidr = (text: string) => ({ source: { kind: 'cidr' as const, text } });
  const peer = (account?: string) => ({
    source: { kind: 'group' as const, text: 'sg-9', ...(account ? { account } : {}) },
  });
  const listed = { source: { kind: 'prefix-list' as const, text: 'pl-1' } };
  const here = { account: '300000000001' };

  it.each<[string, Partial<SecurityGroupRule>, string]>([
    ['cidrs: [203.0.113.0/24]', cidr('203.0.113.7/32'), 'violation'],
    ['cidrs: [203.0.113.0/24]', cidr('203.0.0.0/16'), 'violation'],
    ['cidrs: [203.0.113.0/24]', cidr('203.0.112.0/24'), 'allowed'],
    ['cidrs: [203.0.113.0/24]', cidr('::ffff:203.0.113.7/128'), 'violation'],
    ['cidrs: [203.0.113.0/24]', cidr('x'), 'undecided'],
    ['cidrs: [203.0.113.0/24], prefixLists: [pl-1]', listed, 'violation'],
    ['prefixLists: [pl-1]', listed, 'violation'],
    ['prefixLists: [pl-2]', listed, 'allowed'],
    ['prefixLists: [pl-2]', cidr('0.0.0.0/0'), 'allowed'],
    ['groupsOfOtherAccounts: true', peer('300000000002'), 'violation'],
    ['groupsOfOtherAccounts: true', peer('300000000001'), 'allowed'],
    ['groupsOfOtherAccounts: true', peer(), 'undecided'],
    ['groupsOfOtherAccounts: true', cidr('0.0.0.0/0'), 'allowed'],
    ['addressFamilies: [ipv6]', cidr('2001:db8::/32'), 'violation'],
    ['addressFamilies: [ipv6]', cidr('10.0.0.0/8'), 'allowed'],
    ['addressFamilies: [ipv4]', peer('300000000002'), 'allowed'],
    [`${limits}, addressFamilies: [ipv6]`, cidr('0.0.0.0/0'), 'allowed'],
    [`${limits}, addressFamilies: [ipv6]`, cidr('::/0'), 'violation'],
    [`${limits}, addressFamilies: [ipv4]`, cidr('::ffff:0:0/96'), 'violation'],
  ])('{ %s } against %j is %s', (sources, change, verdict) => {
    expect(judge(`sources: { ${sources} }`, change, here).verdict).toBe(verdict);
  });

  const open = `sources: { ${limits} }`;
  const withList = (cidrs: string[]): Situation => ({
    prefixLists: new Map([['pl-1', { kind: 'entries', cidrs }]]),
  });

  it.each<[string, string[]]>([
    ['violation', ['10.0.0.0/8', '0.0.0.0/0']],
    ['violation', ['0.0.0.0/1', '128.0.0.0/1']],
    ['violation', ['3.0.0.0/8', '52.0.0.0/8']],
    ['violation', ['::/0']],
    ['allowed', ['10.0.0.0/8', '203.0.113.0/24']],
    ['allowed', []],
    ['undecided', ['0.0.0.0/0', 'x']],
  ])('that is a prefix list is evaluated by its entries: %s for %j', (verdict, cidrs) => {
    expect(judge(open, listed, withList(cidrs)).verdict).toBe(verdict);
  });

  it('that is a prefix list of AWS is trusted where the policy says so, and undecided elsewhere', () => {
    const name = 'com.amazonaws.global.cloudfront.origin-facing';
    const situation: Situation = { prefixLists: new Map([['pl-1', { kind: 'aws', name }]]) };
    expect(judge(open, listed, situation, 'trustAwsPrefixLists: true')).toMatchObject({
      verdict: 'allowed',
      why: expect.stringContaining(name),
    });
    expect(judge(open, listed, situation)).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining(name),
    });
  });

  it('that is an unreadable prefix list is undecided, with the reason', () => {
    const situation: Situation = {
      prefixLists: new Map([['pl-1', { kind: 'unknown', reason: 'may not be read' }]]),
    };
    expect(judge(open, listed, situation)).toMatchObject({
      verdict: 'undecided',
      reason: 'prefix list pl-1 may not be read',
    });
  });
});

describe('the union of a group', () => {
  const matching = (text: string) => policyOf([publicIngress.replace('match: {', `match: { ${text},`)]);
  const world = matching('ports: { except: [443] }');
  const apart = policyOf(['match: { sources: { public: { ipv4WiderThan: 1, ipv6WiderThan: 3 } } }']);
  const every = (cidr: string) => ({ ...open(cidr, 0), protocol: '-1' });
  const verdictsOn = (...changes: Partial<SecurityGroupRule>[]) => verdicts(evaluateAll(world, changes));
  const slash8s = Array.from({ length: 100 }, (_, index) => open(`${index + 11}.0.0.0/8`, 22));

  it.each<[string, Partial<SecurityGroupRule>[], string]>([
    ['two halves on one port', [open('0.0.0.0/1', 22), open('128.0.0.0/1', 22)], 'vv'],
    ['two halves on two ports', [open('0.0.0.0/1', 22), open('128.0.0.0/1', 23)], 'aa'],
    ['two halves whose ports meet', [open('0.0.0.0/1', 20, 30), open('128.0.0.0/1', 30, 40)], 'vv'],
    ['a half, and a half of every protocol', [open('0.0.0.0/1', 22), every('128.0.0.0/1')], 'vv'],
    ['halves of TCP and UDP', [open('0.0.0.0/1', 22), { ...open('128.0.0.0/1', 22), protocol: 'udp' }], 'aa'],
    ['IPv6 halves of 2000::/3', [open('2000::/4', 22), open('3000::/4', 22)], 'aa'],
  ])('is evaluated for each port: %s', (_, changes, expected) => {
    const initials = verdicts(evaluateAll(apart, changes)).map((verdict) => verdict[0]);
    expect(initials.join('')).toBe(expected);
  });

  it('of a hundred /8s is a violation', () => {
    expect(new Set(verdictsOn(...slash8s))).toEqual(new Set(['violation']));
    expect(evaluateAll(world, slash8s)[0]).toMatchObject({
      why: expect.stringContaining("and others of the group's rules are public and together wider than /8"),
    });
  });

  it('is not evaluated when the policy says so, or the port is excepted', () => {
    const off = policyOf([publicIngress.replace('16 }', '16, union: false }')]);
    expect(new Set(verdicts(evaluateAll(off, slash8s)))).toEqual(new Set(['allowed']));
    const web = slash8s.map((each) => ({ ...each, fromPort: 443, toPort: 443 }));
    expect(new Set(verdictsOn(...web))).toEqual(new Set(['allowed']));
  });

  it('allows ranges that are within the limit without the wide ones', () => {
    const quarters = ['8.0.0.0/9', '20.0.0.0/9', '30.0.0.0/9', '40.0.0.0/9'].map((text) => open(text, 22));
    const narrow = open('203.0.114.7/32', 22);
    expect(verdictsOn(...quarters, narrow)).toEqual([...Array(4).fill('violation'), 'allowed']);
    expect(verdictsOn(open('0.0.0.0/0', 22), narrow)).toEqual(['violation', 'allowed']);
  });

  it('does not count private ranges, egress and other groups', () => {
    const [one, other] = [open('11.0.0.0/8', 22), open('12.0.0.0/8', 22)];
    expect(verdictsOn(one, open('10.0.0.0/8', 22))).toEqual(['allowed', 'allowed']);
    expect(verdictsOn(one, { ...other, egress: true })).toEqual(['allowed', 'allowed']);
    expect(verdictsOn(one, { ...other, groupId: 'sg-2' })).toEqual(['allowed', 'undecided']);
  });

  it('of rules for every protocol leaves out rules for one', () => {
    const all = matching('protocols: [all]');
    const verdictsWith = (other: Partial<SecurityGroupRule>) =>
      verdicts(evaluateAll(all, [every('11.0.0.0/8'), other]));
    expect(verdictsWith(open('12.0.0.0/8', 22))).toEqual(['allowed', 'allowed']);
    expect(verdictsWith(every('12.0.0.0/8'))).toEqual(['violation', 'violation']);
  });

  it('counts the entries of prefix lists', () => {
    const prefixLists = new Map([['pl-1', { kind: 'entries' as const, cidrs: ['11.0.0.0/8'] }]]);
    const changes = [{ source: { kind: 'prefix-list' as const, text: 'pl-1' } }, open('12.0.0.0/8', 22)];
    expect(verdicts(evaluateAll(world, changes, { prefixLists }))).toEqual(['violation', 'violation']);
  });
});
