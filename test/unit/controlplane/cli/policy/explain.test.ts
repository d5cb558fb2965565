import { describe, expect, it } from 'vitest';
import { explainPolicyRule } from '../../../../../controlplane/cli/policy/explain.ts';
import { trafficTexts } from '../../../../../controlplane/cli/policy/sentences.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { policy, policyText, samples, worldOn } from './cli.ts';

const now = new Date('2027-01-01T00:00:00Z');

describe('policy explain of a rule of the policy', () => {
  it.each<[string, string, RegExp]>([
    [
      'the cap',
      `mode: observe\nrules: [{ name: a, match: {}, mode: revoke }]`,
      /A match is recorded and no one is notified \(its mode is revoke; the policy's mode limits it\)/,
    ],
    [
      'narrowing',
      `rules: [{ name: a, ${worldOn('22')}, mode: revoke, narrowTo: [203.0.113.0/24] }]`,
      /It is narrowed to 203\.0\.113\.0\/24, .*PORTCULLIS_NARROWING=on/,
    ],
    [
      'the usual escalation',
      `rules: [{ name: a, match: {}, mode: revoke }]`,
      /closed 5 times within 60 minutes and is opened again is escalated to people and closed again by the schedule within 6 minutes/,
    ],
    [
      'another escalation',
      `escalation: { times: 2, withinMinutes: 9, mode: revoke }\nrules: [{ name: a, match: {}, mode: revoke }]`,
      /closed 2 times within 9 minutes and is opened again is closed again/,
    ],
    [
      'an escalation of its own that leaves it open',
      `rules: [{ name: a, match: {}, mode: revoke, escalation: { times: 3, leaveOpen: true } }]`,
      /closed 3 times within 60 minutes and is opened again is escalated to people and left open/,
    ],
    [
      'that everything matches',
      `rules: [{ name: a, match: {}, mode: notify }]`,
      /opens any of\n {2}any protocol\n {2}every.*\nto any source/,
    ],
    [
      'prefix lists, groups and families',
      `rules: [{ name: a, mode: notify, match: { sources: { prefixLists: [pl-01], groupsOfOtherAccounts: true, cidrs: [203.0.113.0/24], addressFamilies: [ipv6] } } }]`,
      /common with 203.*; or prefix list pl-01; or security groups of another account, only IPv6/,
    ],
    [
      'ranges alone',
      `rules: [{ name: a, mode: notify, ${worldOn('22', 'ipv4WiderThan: 9, ipv6WiderThan: 17, union: false')} }]`,
      /wider than \/9 \(IPv6: \/17\), each alone/,
    ],
    [
      'a scope',
      `rules: [{ name: a, match: {}, mode: notify, scope: { include: [{ organizationalUnits: [A, B], regions: [eu-west-1] }, { accountTags: { s: [p, q] } }], exclude: [{ groupNames: ["x-*"] }, { vpcs: [vpc-1], groupTags: { t: [u] } }, { accounts: ["300000000001"] }] } }]`,
      /groups in organizational unit A or B and in Region eu-west-1; or in an account tagged s = p or q, but none named x-\*; or in vpc-1 and tagged t = u; or in account 300000000001/,
    ],
  ])('explains %s', (_, text, said) => {
    expect(explainPolicyRule(parsePolicy(`version: 1\n${text}`), 'a', now).join('\n')).toMatch(said);
  });

  it.each<[string, string, boolean]>([
    ['on the port, from an address', 'ports: { any: [20-30] }, sources: { cidrs: [10.0.0.0/8] }', true],
    ['on the port, from a prefix list', 'ports: { any: [22] }, sources: { prefixLists: [pl-01] }', true],
    ['on another port', 'ports: { any: [23] }, sources: { cidrs: [0.0.0.0/0] }', false],
    ['on ICMP', 'icmp: { types: any }, sources: { cidrs: [0.0.0.0/0] }', false],
    ['for groups', 'ports: { any: [22] }, sources: { groupsOfAccounts: ["300000000001"] }', false],
  ])('lists the exception %s or not', (_, allow, listed) => {
    const exception = `exceptions: [{ name: guest, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ regions: [eu-west-1] }] }, allow: { ${allow} } }]`;
    const said = explainPolicyRule(parsePolicy(policyText([worldOn('22')], exception)), 'rule-1', now).join(
      '\n',
    );
    expect(said.includes('guest, permanent (o, t: w): ')).toBe(listed);
  });

  it('says all that an exception with a list lets through, where one of it meets the rule', () => {
    const allow =
      '[{ ports: { any: [23] }, sources: { cidrs: [0.0.0.0/0] } }, { ports: { any: [22] }, sources: { cidrs: [10.0.0.0/8] } }]';
    const exception = `exceptions: [{ name: guest, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ regions: [eu-west-1] }] }, allow: ${allow} }]`;
    const said = explainPolicyRule(parsePolicy(policyText([worldOn('22')], exception)), 'rule-1', now).join(
      '\n',
    );
    expect(said).toMatch(/guest, permanent .*port 23 from 0\.0\.0\.0\/0; or .*port 22 from 10\.0\.0\.0\/8/);
  });

  it('says of an exception whether it has expired', async () => {
    const at = async (time: string) =>
      (await policy('explain', 'world-open', '--policy', samples.policy, '--at', time)).out;
    expect(await at('2027-03-31T21:59:59Z')).toContain(
      'game-servers, until 2027-03-31T22:00:00Z (games@example.com',
    );
    expect(await at('2027-03-31T22:00:00Z')).toContain('game-servers, expired 2027-03-31T22:00:00Z');
  });

  it('that is not in the policy is wrong use, and names those that are', async () => {
    for (const name of ['nosuch', '__proto__', 'toString'])
      expect(await policy('explain', name)).toMatchObject({
        exit: 2,
        complaint: expect.stringMatching(
          /no rule named .*; name everything-open, admin-ports, databases, world-open or icmp/,
        ),
      });
  });
});

describe('what a rule is about, in words', () => {
  it.each<[string, string[]]>([
    ['{}', ['any protocol']],
    ['{ protocols: [all] }', ['every protocol at once (-1)']],
    ['{ protocols: [tcp] }', ['all of TCP']],
    ['{ protocols: [tcp, 50] }', ['all of TCP and protocol 50']],
    ['{ ports: { any: [22] } }', ['TCP and UDP port 22']],
    ['{ protocols: [udp], ports: { any: [53, 1000-1001] } }', ['UDP ports 53 or 1000-1001']],
    [
      '{ ports: { except: [80, 443] } }',
      ['any protocol but ICMP, TCP, UDP and ICMPv6', 'TCP and UDP ports 0-79, 81-442 or 444-65535'],
    ],
    ['{ ports: { except: [] } }', ['any protocol but ICMP and ICMPv6']],
    ['{ ports: { except: [0-65535] } }', ['any protocol but ICMP, TCP, UDP and ICMPv6']],
    ['{ icmp: { types: any } }', ['all of ICMP and ICMPv6']],
    ['{ protocols: [icmp], icmp: { types: [5, 13] } }', ['ICMP types 5 or 13']],
    ['{ ports: { any: [22] }, icmp: { types: [8] } }', ['ICMP and ICMPv6 type 8', 'TCP and UDP port 22']],
    ['{ protocols: [icmp], ports: { any: [22] } }', []],
  ])('%s', (match, texts) => {
    const [rule] = parsePolicy(`version: 1\nrules: [{ name: a, mode: notify, match: ${match} }]`).rules;
    expect(trafficTexts(rule?.match ?? {})).toEqual(texts);
  });
});
