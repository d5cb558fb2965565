import { describe, expect, it } from 'vitest';
import type {
  SecurityGroup,
  SecurityGroupRule,
  Situation,
} from '../../../../lambda/policy/security-group.ts';
import { evaluateAll, open, policyOf, verdicts } from '../../../worlds/policy-sample.ts';

const group: SecurityGroup = { id: 'sg-1', name: 'web', vpcId: 'vpc-1', tags: { asks: 'partner' } };
const now = new Date('2026-03-02T09:15:10Z');
const office = '{ include: [{ groupIds: [sg-1] }] }';

interface Wanted {
  where?: string;
  ports?: string;
  sources?: string;
  until?: string;
}

function exception(
  name: string,
  {
    where = office,
    ports = 'ports: { any: [22] }',
    sources = 'cidrs: [203.0.113.0/24]',
    until = 'permanent: true',
  }: Wanted,
) {
  return `{ name: ${name}, owner: o, why: w, ticket: t, ${until}, where: ${where}, allow: { sources: { ${sources} }, ${ports} } }`;
}

function judge(
  exceptions: string[],
  change: Partial<SecurityGroupRule>,
  situation: Situation = { now },
  rest = '',
  of = group,
) {
  const policy = policyOf(['match: {}'], `exceptions: [${exceptions.join(', ')}]\n${rest}`);
  const [verdict] = evaluateAll(policy, [change], situation, of);
  if (!verdict) throw new Error('no verdict');
  return verdict;
}

describe('an exception', () => {
  it('lets a rule through that is fully inside it, and says until when', () => {
    const until = 'expires: 2026-03-02T09:15:11Z';
    expect(judge([exception('partner', { until })], open('203.0.113.7/32', 22))).toMatchObject({
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
  ])('lets nothing through that opens %s', (_, change) => {
    expect(judge([exception('partner', {})], change).verdict).toBe('violation');
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
    const listed = `{ name: several, owner: o, why: w, ticket: t, permanent: true, where: ${office}, allow: [${allow}] }`;
    const judged = judge([listed], change);
    expect(judged.verdict).toBe(verdict);
    if (judged.verdict === 'excepted')
      expect(judged.exceptions).toEqual([{ name: 'several', expires: null }]);
  });

  it.each([
    ['2026-03-02T09:15:11Z', 'excepted'],
    ['2026-03-02T09:15:10Z', 'violation'],
    ['2026-03-02T10:15:10+01:00', 'violation'],
    ['2026-03-02T10:15:11+01:00', 'excepted'],
  ])('that expires at %s is %s at 09:15:10Z', (expires, verdict) => {
    expect(
      judge([exception('partner', { until: `expires: ${expires}` })], open('203.0.113.7/32', 22)).verdict,
    ).toBe(verdict);
  });

  it('that expires is undecided without a clock, and only where it would matter', () => {
    const list = [exception('partner', { until: 'expires: 2027-01-01T00:00:00Z' })];
    expect(judge(list, open('203.0.113.7/32', 22), {})).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining('no clock'),
    });
    expect(judge(list, open('203.0.113.7/32', 23), {}).verdict).toBe('violation');
  });

  it('combines with others over ports and addresses', () => {
    const list = [
      exception('low', { ports: 'ports: { any: ["20-25"] }', sources: 'cidrs: [0.0.0.0/1]' }),
      exception('high', { ports: 'ports: { any: ["22-30"] }', sources: 'cidrs: [128.0.0.0/1]' }),
    ];
    expect(judge(list, open('0.0.0.0/0', 22, 25))).toMatchObject({
      verdict: 'excepted',
      exceptions: [{ name: 'low' }, { name: 'high' }],
    });
    expect(judge(list, open('0.0.0.0/0', 22, 26)).verdict).toBe('violation');
    expect(judge(list.slice(1), open('0.0.0.0/0', 22)).verdict).toBe('violation');
  });

  it('counts where it says alone', () => {
    const change = open('203.0.113.7/32', 22);
    const elsewhere = '{ include: [{ groupIds: [sg-2] }] }';
    expect(judge([exception('partner', { where: elsewhere })], change).verdict).toBe('violation');
    const unit = '{ include: [{ organizationalUnits: [Production] }] }';
    expect(judge([exception('partner', { where: unit })], change)).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining('exception partner'),
    });
  });

  it('goes by the group tag that the policy allows', () => {
    const where = '{ include: [{ groupTags: { asks: [partner] } }] }';
    const ask = (of: SecurityGroup) =>
      judge([exception('partner', { where })], open('203.0.113.7/32', 22), { now }, 'exceptionTag: asks', of);
    expect(ask(group).verdict).toBe('excepted');
    expect(ask({ ...group, tags: {} }).verdict).toBe('violation');
  });

  it('lets prefix lists through by id, and groups by account, resolved or not', () => {
    const listed = { source: { kind: 'prefix-list' as const, text: 'pl-1' } };
    const peer = { source: { kind: 'group' as const, text: 'sg-9', account: '300000000002' } };
    const list = [exception('lists', { sources: 'prefixLists: [pl-1], groupsOfAccounts: ["300000000002"]' })];
    expect(judge(list, listed).verdict).toBe('excepted');
    expect(judge(list, peer).verdict).toBe('excepted');
    expect(
      judge([exception('partner', {})], listed, {
        now,
        prefixLists: new Map([['pl-1', { kind: 'entries', cidrs: ['203.0.113.9/32'] }]]),
      }).verdict,
    ).toBe('excepted');
  });

  it('for every port lets every protocol through', () => {
    const change = { ...open('203.0.113.7/32', 0), protocol: '-1' };
    expect(judge([exception('all', { ports: 'protocols: [all]' })], change).verdict).toBe('excepted');
  });

  it('keeps what it lets through from counting against the rest of the group', () => {
    const world = 'match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';
    const changes = [open('11.0.0.0/8', 22), open('12.0.0.0/8', 22)];
    const list = `exceptions: [${exception('partner', { sources: 'cidrs: [11.0.0.0/8]' })}]`;
    expect(verdicts(evaluateAll(policyOf([world]), changes, { now }, group))).toEqual([
      'violation',
      'violation',
    ]);
    expect(verdicts(evaluateAll(policyOf([world], list), changes, { now }, group))).toEqual([
      'allowed',
      'allowed',
    ]);
  });
});
