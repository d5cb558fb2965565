import { describe, expect, test } from 'vitest';
import {
  planRestore,
  type RestoreRequest,
  restoreRequestSchema,
} from '../../../../../controlplane/remediations/restore/plan.ts';
import type { RemediationRecord } from '../../../../../controlplane/store/remediations.ts';
import { undoOf } from '../../../../../lambda/contract/undo.ts';
import { evaluate } from '../../../../../lambda/policy/evaluate.ts';
import { policySchema } from '../../../../../lambda/policy/parse.ts';
import type { SecurityGroupRule } from '../../../../../lambda/policy/security-group.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';

const id = '0190f2a4-7c3e-4b1a-9d2f-3c4b5a697887';
const at = new Date('2026-06-15T12:00:00Z');
const asked = { id, by: 'ops', at };
const words: RestoreRequest = {
  ...{ owner: 'web team', why: 'a partner needs it', ticket: 'SEC-7' },
  expires: '2026-07-01T00:00:00Z',
};
const record = (change: Parameters<typeof remediation>[0]): RemediationRecord => {
  const result = remediation(change);
  const { eventId, account, region, outcome, groupId } = result;
  return {
    ...{ id: `${eventId}:${groupId ?? ''}`, eventId, groupId: groupId ?? '', time: new Date(result.time) },
    ...{ accountId: account, region, outcome, result },
  };
};
const one = record({ findings: [finding()] });

describe('a plan', () => {
  test('has an exception for just the group, protocol, port and source that was closed', () => {
    const plan = planRestore(one, words, asked);
    expect(plan).toMatchObject({ id, accountId: '300000000001', region: 'eu-west-1', requestedBy: 'ops' });
    expect(plan.rules).toEqual([
      {
        ruleId: 'sgr-0a1b2c3d4e5f60001',
        undo: finding().undo,
        exception: {
          ...words,
          name: 'restored-sgr-0a1b2c3d4e5f60001-0190f2a4',
          where: {
            include: [
              { accounts: ['300000000001'], regions: ['eu-west-1'], groupIds: ['sg-0a1b2c3d4e5f60001'] },
            ],
          },
          allow: { sources: { cidrs: ['0.0.0.0/0'] }, protocols: ['tcp'], ports: { any: [22] } },
        },
      },
    ]);
  });

  test('is about every rule that was taken away, or about those that are named', () => {
    const several = record({
      findings: [
        finding({ ruleId: 'sgr-1' }),
        finding({ ruleId: 'sgr-2', action: 'narrowed' }),
        finding({ ruleId: 'sgr-3', action: 'observed', undo: null }),
      ],
    });
    const ids = (request: RestoreRequest) =>
      planRestore(several, request, asked).rules.map(({ ruleId }) => ruleId);
    expect(ids(words)).toEqual(['sgr-1', 'sgr-2']);
    expect(ids({ ...words, rules: ['sgr-2'] })).toEqual(['sgr-2']);
    expect(() => ids({ ...words, rules: ['sgr-3'] })).toThrow(
      /^rules: sgr-3 is not one of those revoked: sgr-1, sgr-2$/,
    );
  });

  test('may be for good', () => {
    const plan = planRestore(one, { ...words, expires: undefined, permanent: true }, asked);
    expect(plan.rules[0]?.exception).toMatchObject({ permanent: true });
    expect(plan.rules[0]?.exception).not.toHaveProperty('expires');
  });

  test.each(['2026-06-15T12:00:00Z', '2020-01-01T00:00:00Z', '2026-06-15T13:59:59+02:00'])(
    'is refused for an expiry that is not ahead: %s',
    (expires) => {
      const plan = () => planRestore(one, { ...words, expires }, asked);
      expect(plan).toThrow(
        expect.objectContaining({ code: 'invalid-request', message: `expires: ${expires} is in the past` }),
      );
    },
  );

  test.each([
    [
      'revoked nothing',
      record({ outcome: 'notified', findings: [finding({ action: 'notified', undo: null })] }),
      /revoked nothing \(notified\).*exception into the policy file/,
    ],
    ['has no findings', record({ outcome: 'clean' }), /revoked nothing \(clean\)/],
    [
      'was recorded before rules could be put back',
      record({ findings: [finding({ undo: null })] }),
      /how to put back sgr-0a1b2c3d4e5f60001.*by hand/,
    ],
    ['names no group', record({ groupId: null, findings: [finding()] }), /does not say which group/],
    [
      'names two sources in one permission',
      record({
        findings: [
          finding({
            undo: {
              tags: [],
              ipPermission: {
                IpProtocol: 'tcp',
                FromPort: 1,
                ToPort: 1,
                IpRanges: [{ CidrIp: '0.0.0.0/0' }, { CidrIp: '10.0.0.0/8' }],
              },
            },
          }),
        ],
      }),
      /exactly one source/,
    ],
    [
      'names no source',
      record({ findings: [finding({ undo: { tags: [], ipPermission: { IpProtocol: '-1' } } })] }),
      /exactly one source/,
    ],
    [
      'has a port range that is none',
      record({
        findings: [
          finding({
            undo: {
              tags: [],
              ipPermission: {
                IpProtocol: 'tcp',
                FromPort: 9,
                ToPort: 1,
                IpRanges: [{ CidrIp: '0.0.0.0/0' }],
              },
            },
          }),
        ],
      }),
      /cannot be put back: allow\.ports/,
    ],
    [
      'has an unknown protocol',
      record({
        findings: [
          finding({
            undo: {
              tags: [],
              ipPermission: { IpProtocol: 'carrier-pigeon', IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
            },
          }),
        ],
      }),
      /cannot be put back: allow\.protocols/,
    ],
  ])('is refused for a remediation that %s', (_, given, reason) => {
    const plan = () => planRestore(given, words, asked);
    expect(plan).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringMatching(reason) }),
    );
  });
});

describe('the request', () => {
  test.each([
    [{ owner: 'o', why: 'w', ticket: 't' }, 'expires'],
    [{ owner: 'o', why: 'w', ticket: 't', permanent: true, expires: '2027-01-01T00:00:00Z' }, 'expires'],
    [{ owner: 'o', why: 'w', ticket: 't', permanent: false }, 'permanent'],
    [{ owner: '', why: 'w', ticket: 't', permanent: true }, 'owner'],
    [{ owner: 'o', why: 'w', ticket: 't', expires: '2027-01-01' }, 'expires'],
    [{ owner: 'o', why: 'w', ticket: 't', permanent: true, rules: [] }, 'rules'],
    [{ owner: 'o', why: 'w', ticket: 't', permanent: true, until: 'then' }, ''],
  ])('%j is refused, naming %s', (body, field) => {
    const parsed = restoreRequestSchema.safeParse(body);
    expect(parsed.error?.issues[0]?.path.join('.')).toBe(field);
  });
});

/** A policy that forbids whatever comes from anywhere. */
const forbidding = policySchema.parse({ version: 1, rules: [{ name: 'all', match: {}, mode: 'revoke' }] });
const group = { id: 'sg-0a1b2c3d4e5f60001', name: 'web', vpcId: null, tags: {} };
const rule = (
  protocol: string,
  fromPort: number | null,
  toPort: number | null,
  source: SecurityGroupRule['source'],
) =>
  ({
    id: 'sgr-1',
    groupId: group.id,
    egress: false,
    protocol,
    fromPort,
    toPort,
    source,
  }) as SecurityGroupRule;
const world = { kind: 'cidr', text: '0.0.0.0/0' } as const;
const list = { kind: 'prefix-list', text: 'pl-0a1b' } as const;
const peer = { kind: 'group', text: 'sg-0ffff', account: '300000000002' } as const;

test.each([
  ['one port', rule('tcp', 22, 22, world)],
  ['a range of ports', rule('udp', 8000, 8100, world)],
  ['every port', rule('tcp', 0, 65535, world)],
  ['a numbered protocol with ports', rule('6', 22, 22, world)],
  ['everything', rule('-1', -1, -1, world)],
  ['IPv6', rule('tcp', 22, 22, { kind: 'cidr', text: '::/0' })],
  ['every ICMP type', rule('icmp', -1, -1, world)],
  ['one ICMP type', rule('icmp', 8, -1, world)],
  ['one ICMP type and code', rule('icmp', 3, 4, world)],
  ['ICMPv6', rule('icmpv6', -1, -1, { kind: 'cidr', text: '2000::/3' })],
  ['ICMPv6 by number', rule('58', 128, 0, { kind: 'cidr', text: '2000::/3' })],
  ['another protocol', rule('50', -1, -1, world)],
  ['another protocol without ports', rule('47', null, null, world)],
  ['a prefix list', rule('tcp', 443, 443, list)],
  ['a group of another account', rule('tcp', 5432, 5432, peer)],
])('the exception lets the whole rule through and no more than its source: %s', (_, given) => {
  const undo = undoOf(given);
  const plan = planRestore(record({ findings: [finding({ undo })] }), words, asked);
  const policy = policySchema.parse({
    ...forbidding,
    exceptions: plan.rules.map(({ exception }) => exception),
  });
  const prefixLists = new Map([['pl-0a1b', { kind: 'entries' as const, cidrs: ['0.0.0.0/0'] }]]);
  const here = { account: '300000000001', region: 'eu-west-1', prefixLists, now: at };
  const verdict = (rules: SecurityGroupRule[], situation: object = here) =>
    evaluate(policy, group, rules, situation).map(({ verdict: each }) => each);
  expect(verdict([given])).toEqual(['excepted']);
  const elsewhere = { ...given, source: { kind: 'cidr', text: '198.18.0.0/15' } } as SecurityGroupRule;
  if (given.source.kind !== 'cidr') expect(verdict([elsewhere])).toEqual(['violation']);
  const wider = rule('-1', -1, -1, given.source);
  if (given.protocol !== '-1') expect(verdict([wider])).toEqual(['violation']);
  expect(verdict([given], { ...here, account: '300000000009' })).toEqual(['violation']);
  expect(verdict([given], { ...here, region: 'us-east-1' })).toEqual(['violation']);
  expect(verdict([given], { ...here, now: new Date('2026-07-01T00:00:00Z') })).toEqual(['violation']);
});
