import { describe, expect, it } from 'vitest';
import type {
  SecurityGroup,
  SecurityGroupRule,
  Situation,
} from '../../../../lambda/policy/security-group.ts';
import {
  evaluateAll,
  evaluateOne,
  exceptionOf,
  open,
  policyOf,
  publicIngress,
  verdicts,
} from '../../../worlds/policy-sample.ts';

const group: SecurityGroup = { id: 'sg-1', name: 'web', vpcId: 'vpc-1', tags: { asks: 'partner' } };
const now = new Date('2026-03-02T09:15:10Z');
const office = open('203.0.113.7/32', 22);

/** An exception for SSH from 203.0.113.0/24 in group sg-1, with changes. */
function exception(change: Record<string, string> = {}) {
  const { ports = 'ports: { any: [22] }', sources = 'cidrs: [203.0.113.0/24]', ...keys } = change;
  return exceptionOf({ allow: `{ sources: { ${sources} }, ${ports} }`, ...keys });
}

function judge(
  exceptions: string[],
  change: Partial<SecurityGroupRule>,
  situation: Situation = { now },
  rest = '',
  of = group,
) {
  const policy = policyOf(['match: {}'], `exceptions: [${exceptions.join(', ')}]\n${rest}`);
  return evaluateOne(policy, change, situation, of);
}

describe('an exception', () => {
  it('allows a rule that is fully inside it, and names its expiry', () => {
    const expires = '2026-03-02T09:15:11Z';
    expect(judge([exception({ expires })], office)).toMatchObject({
      verdict: 'excepted',
      policyRule: { name: 'rule-1' },
      exceptions: [{ name: 'partner', expires: '2026-03-02T09:15:11Z' }],
      why: 'excepted by partner (until 2026-03-02T09:15:11Z)',
    });
  });

  it.each<[string, Partial<SecurityGroupRule>]>([
    ['more ports', open('203.0.113.7/32', 22, 23)],
    ['another port', open('203.0.113.7/32', 23)],
    ['more addresses', open('203.0.112.0/23', 22)],
    ['every protocol', { ...open('203.0.113.7/32', 22), protocol: '-1' }],
    ['a group', { source: { kind: 'group', text: 'sg-9', account: '300000000002' } }],
  ])('does not allow a rule that opens %s', (_, change) => {
    expect(judge([exception()], change).verdict).toBe('violation');
  });

  it.each<[string, Partial<SecurityGroupRule>, string]>([
    ['the first of its list', open('203.0.113.7/32', 22), 'excepted'],
    ['the second of its list', open('198.51.100.7/32', 3389), 'excepted'],
    ['the port of one with the source of the other', open('198.51.100.7/32', 22), 'violation'],
    ['the ports of both', open('203.0.113.7/32', 22, 3389), 'violation'],
    ['neighbouring ports of both, from a source of both', open('192.0.2.7/32', 22, 23), 'excepted'],
  ])('with a list of what it allows is, for %s: %s', (_, change, verdict) => {
    const allow = [
      '{ sources: { cidrs: [203.0.113.0/24, 192.0.2.0/24] }, ports: { any: [22] } }',
      '{ sources: { cidrs: [198.51.100.0/24] }, ports: { any: [3389] } }',
      '{ sources: { cidrs: [192.0.2.0/24] }, ports: { any: [23] } }',
    ].join(', ');
    const judged = judge([exceptionOf({ allow: `[${allow}]` })], change);
    expect(judged.verdict).toBe(verdict);
    if (judged.verdict === 'excepted')
      expect(judged.exceptions).toEqual([{ name: 'partner', expires: null }]);
  });

  it.each([
    ['2026-03-02T09:15:11Z', 'excepted'],
    ['2026-03-02T09:15:10Z', 'violation'],
    ['2026-03-02T10:15:10+01:00', 'violation'],
    ['2026-03-02T10:15:11+01:00', 'excepted'],
  ])('that expires at %s is %s at 09:15:10Z', (expires, verdict) => {
    expect(judge([exception({ expires })], office).verdict).toBe(verdict);
  });

  it('that expires is undecided without a clock, and only when it would cover the rule', () => {
    const list = [exception({ expires: '2027-01-01T00:00:00Z' })];
    expect(judge(list, office, {})).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining('no clock'),
    });
    expect(judge(list, open('203.0.113.7/32', 23), {}).verdict).toBe('violation');
  });

  it('combines with others over ports and addresses', () => {
    const list = [
      exception({ name: 'low', ports: 'ports: { any: ["20-25"] }', sources: 'cidrs: [0.0.0.0/1]' }),
      exception({ name: 'high', ports: 'ports: { any: ["22-30"] }', sources: 'cidrs: [128.0.0.0/1]' }),
    ];
    expect(judge(list, open('0.0.0.0/0', 22, 25))).toMatchObject({
      verdict: 'excepted',
      exceptions: [{ name: 'low' }, { name: 'high' }],
    });
    expect(judge(list, open('0.0.0.0/0', 22, 26)).verdict).toBe('violation');
    expect(judge(list.slice(1), open('0.0.0.0/0', 22)).verdict).toBe('violation');
  });

  it('counts only where it applies', () => {
    const elsewhere = '{ include: [{ groupIds: [sg-2] }] }';
    expect(judge([exception({ where: elsewhere })], office).verdict).toBe('violation');
    const unit = '{ include: [{ organizationalUnits: [Production] }] }';
    expect(judge([exception({ where: unit })], office)).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining('exception partner'),
    });
  });

  it('can require the group tag that the policy names', () => {
    const where = '{ include: [{ groupTags: { asks: [partner] } }] }';
    const ask = (of: SecurityGroup) =>
      judge([exception({ where })], office, { now }, 'exceptionTag: asks', of);
    expect(ask(group).verdict).toBe('excepted');
    expect(ask({ ...group, tags: {} }).verdict).toBe('violation');
  });

  it('allows prefix lists by id, and groups by account, resolved or not', () => {
    const listed = { source: { kind: 'prefix-list' as const, text: 'pl-1' } };
    const peer = { source: { kind: 'group' as const, text: 'sg-9', account: '300000000002' } };
    const list = [exception({ sources: 'prefixLists: [pl-1], groupsOfAccounts: ["300000000002"]' })];
    expect(judge(list, listed).verdict).toBe('excepted');
    expect(judge(list, peer).verdict).toBe('excepted');
    const prefixLists = new Map([['pl-1', { kind: 'entries' as const, cidrs: ['203.0.113.9/32'] }]]);
    expect(judge([exception()], listed, { now, prefixLists }).verdict).toBe('excepted');
  });

  it('for every port allows every protocol', () => {
    const change = { ...open('203.0.113.7/32', 0), protocol: '-1' };
    expect(judge([exception({ ports: 'protocols: [all]' })], change).verdict).toBe('excepted');
  });

  it('keeps excepted ingress from counting against the rest of the group', () => {
    const changes = [open('11.0.0.0/8', 22), open('12.0.0.0/8', 22)];
    const list = `exceptions: [${exception({ sources: 'cidrs: [11.0.0.0/8]' })}]`;
    const verdictsBy = (rest: string) =>
      verdicts(evaluateAll(policyOf([publicIngress], rest), changes, { now }, group));
    expect(verdictsBy('')).toEqual(['violation', 'violation']);
    expect(verdictsBy(list)).toEqual(['allowed', 'allowed']);
  });
});
