import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { blockOf, publicCount, tooWide } from './address-space.ts';
import { evaluateGroup } from './oracle.ts';
import { policies } from './policies.ts';

const where = {
  ...{
    account: '300000000001',
    region: 'eu-west-1',
    units: ['Production'],
    groupId: 'sg-1',
    groupName: 'web',
  },
  ...{ tags: {}, now: new Date('2026-03-02T09:15:10Z') },
};

function verdicts(name: string, ...rules: SecurityGroupRule[]) {
  const policy = policies.get(name);
  if (!policy) throw new Error(name);
  const listed = rules.map((rule, index) => ({
    ...{ SecurityGroupRuleId: `sgr-${index}`, GroupId: 'sg-1', IsEgress: false, IpProtocol: 'tcp' },
    ...{ FromPort: 22, ToPort: 22 },
    ...rule,
  }));
  return [...evaluateGroup(policy, where, listed, new Map()).values()].map(({ verdict }) => verdict);
}
const v4 = (CidrIpv4: string, port = 22) => ({ CidrIpv4, FromPort: port, ToPort: port });

/** The judge of the fuzz is itself held to cases that a person can check. */
describe('the oracle', () => {
  it.each<[string, string, SecurityGroupRule[], string[]]>([
    ['the world', 'world-open', [v4('0.0.0.0/0')], ['forbidden']],
    ['the world on an allowed port', 'world-open', [v4('0.0.0.0/0', 443)], ['allowed']],
    ['a private range', 'world-open', [v4('10.0.0.0/8')], ['allowed']],
    ['half private, half public', 'world-open', [v4('10.0.0.0/7')], ['forbidden']],
    ['a /8 beside another', 'world-open', [v4('12.0.0.0/8'), v4('11.0.0.0/8')], ['forbidden', 'forbidden']],
    [
      'a /8 and one on another port',
      'world-open',
      [v4('12.0.0.0/8'), v4('11.0.0.0/8', 23)],
      ['allowed', 'allowed'],
    ],
    ['a /8 beside the world', 'world-open', [v4('12.0.0.0/8'), v4('0.0.0.0/0')], ['allowed', 'forbidden']],
    ['ICMP', 'world-open', [{ ...v4('0.0.0.0/0'), IpProtocol: 'icmp' }], ['allowed']],
    ['no source', 'world-open', [{}], ['unclear']],
    ['an unknown prefix list', 'world-open', [{ PrefixListId: 'pl-1' }], ['unclear']],
    ['egress', 'world-open', [{ ...v4('0.0.0.0/0'), IsEgress: true }], []],
    ['an exception that counts', 'of every clause', [v4('0.0.0.0/0', 3389)], ['excepted']],
    ['an exception that is over', 'of every clause', [v4('0.0.0.0/0', 23)], ['forbidden']],
    [
      'the longest that is too much',
      'of small ranges together',
      [v4('8.8.0.0/24'), v4('8.8.1.0/24'), v4('8.8.2.0/32')],
      ['forbidden', 'forbidden', 'allowed'],
    ],
    ['each alone', 'of small ranges singly', [v4('8.8.0.0/24'), v4('8.8.1.0/24')], ['allowed', 'allowed']],
  ])('judges %s by the policy %s', (_, policy, rules, expected) => {
    expect(verdicts(policy, ...rules)).toEqual(expected);
  });

  it('counts the addresses that are routed on the Internet', () => {
    expect(publicCount(blockOf('8.0.0.0/7'))).toBe(2n ** 25n);
    expect(publicCount(blockOf('10.0.0.0/7'))).toBe(2n ** 24n);
    expect(publicCount(blockOf('192.0.0.0/22'))).toBe(512n);
    expect(publicCount(blockOf('::/0'))).toBe(2n ** 125n - 2n ** 96n - 2n ** 108n);
    expect(publicCount(blockOf('fc00::/7'))).toBe(0n);
  });

  it('finds a wider prefix in pieces of any size, and none where one is missing', () => {
    const ladder = ['128.0.0.0/1', '64.0.0.0/2', '32.0.0.0/3'].map(blockOf);
    expect(tooWide(ladder, 4, 1)).toBe(false);
    const halves = ['8.0.0.0/9', '8.128.0.0/10', '8.192.0.0/10'].map(blockOf);
    expect(tooWide(halves, 4, 9)).toBe(true);
    expect(tooWide(halves.slice(0, 2), 4, 9)).toBe(false);
    expect(tooWide([...halves.slice(0, 2), ...halves.slice(0, 2)], 4, 9)).toBe(false);
  });
});
