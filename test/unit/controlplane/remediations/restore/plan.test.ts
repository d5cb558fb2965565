import { describe, expect, test } from 'vitest';
import {
  planRestore,
  type RestoreRequest,
  restoreRequestSchema,
} from '../../../../../controlplane/remediations/restore/plan.ts';
import { finding, remediationRecord as record } from '../../../../worlds/remediation-sample.ts';

const id = '0190f2a4-7c3e-4b1a-9d2f-3c4b5a697887';
const at = new Date('2026-06-15T12:00:00Z');
const asked = { id, by: 'ops', at };
const words: RestoreRequest = {
  ...{ owner: 'web team', why: 'a partner needs it', ticket: 'SEC-7' },
  expires: '2026-07-01T00:00:00Z',
};
const one = record({ findings: [finding()] });

describe('a plan', () => {
  test('has one exception for just the group, protocol, port and source that was closed', () => {
    const plan = planRestore(one, words, asked);
    expect(plan).toMatchObject({ id, accountId: '300000000001', region: 'eu-west-1', requestedBy: 'ops' });
    expect(plan.rules).toEqual([{ ruleId: 'sgr-0a1b2c3d4e5f60001', undo: finding().undo }]);
    expect(plan.exception).toEqual({
      ...words,
      name: 'restored-sg-0a1b2c3d4e5f60001-0190f2a4',
      where: {
        include: [{ accounts: ['300000000001'], regions: ['eu-west-1'], groupIds: ['sg-0a1b2c3d4e5f60001'] }],
      },
      allow: { sources: { cidrs: ['0.0.0.0/0'] }, protocols: ['tcp'], ports: { any: [22] } },
    });
  });

  test.each([
    [
      'a part of the result has not arrived',
      { parts: 4 },
      /not all 4 parts of its result have arrived; try again/,
    ],
    [
      'findings were left out of the result',
      { omitted: 750 },
      /750 of its findings are only in the Lambda's log/,
    ],
  ])('is refused for all rules where %s, and made for those that are named', (_, change, reason) => {
    const given = record({ findings: [finding()], ...change });
    const plan = (request: RestoreRequest) => planRestore(given, request, asked);
    expect(() => plan(words)).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringMatching(reason) }),
    );
    expect(plan({ ...words, rules: [finding().ruleId] }).rules).toHaveLength(1);
  });

  test('contains every revoked rule, or those that are named', () => {
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
    expect(plan.exception).toMatchObject({ permanent: true });
    expect(plan.exception).not.toHaveProperty('expires');
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
