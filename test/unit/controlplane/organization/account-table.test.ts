import { describe, expect, test } from 'vitest';
import { accountTable, factsAskedBy } from '../../../../controlplane/organization/account-table.ts';
import type { AccountRecord } from '../../../../controlplane/store/accounts.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';

const policy = (scope: string, exceptions = '') =>
  parsePolicy(`version: 1
rules:
  - name: any
    match: {}
    mode: notify
${scope ? `    scope: ${scope}` : ''}
${exceptions}`);
const exception = (where: string) => `exceptions:
  - { name: e, owner: o, why: w, ticket: t, where: ${where}, allow: { sources: { cidrs: [0.0.0.0/0] }, protocols: [all] }, permanent: true }
`;
const account = (id: string, change: Partial<AccountRecord> = {}): AccountRecord => ({
  ...{ id, name: id, state: 'ACTIVE', path: 'Production/Web', regions: [], conditions: {} },
  ...{ joinedAt: null, updatedAt: new Date(0), tagsReadAt: new Date(0) },
  parents: ['r-root', 'ou-root-prod', 'ou-root-web'],
  unitNames: ['Production', 'Web'],
  tags: { team: 'a', cost: '7' },
  ...change,
});
const [one, two] = ['300000000001', '300000000002'];
const table = (given: ReturnType<typeof policy>, ...accounts: AccountRecord[]) =>
  accountTable(factsAskedBy(given), accounts);

describe('the account table', () => {
  test.each([
    ['no scope', policy('')],
    ['Regions alone', policy('{ include: [{ regions: [eu-west-1] }] }')],
    ['groups alone', policy('', exception('{ include: [{ groupNames: ["alb-*"] }] }'))],
  ])('is empty for a policy with %s', (_, given) => {
    expect(table(given, account(one, { tags: null }))).toEqual({});
  });

  test.each([
    ['include', policy('{ include: [{ organizationalUnits: [Web, ou-root-prod, Sandbox] }] }')],
    [
      'exclude',
      policy('{ exclude: [{ organizationalUnits: [Web] }, { organizationalUnits: [ou-root-prod] }] }'),
    ],
    ['an exception', policy('', exception('{ include: [{ organizationalUnits: [Web, ou-root-prod] }] }'))],
  ])(
    'holds of each account the units that the policy names in %s, by id and name, and no tag',
    (_, given) => {
      const elsewhere = account(two, { parents: ['r-root', 'ou-root-x'], unitNames: ['Other'] });
      expect(table(given, account(one, { tags: null }), elsewhere)).toEqual({
        [one]: { organizationalUnits: ['ou-root-prod', 'Web'], tags: {} },
        [two]: { organizationalUnits: [], tags: {} },
      });
    },
  );

  test('holds the tags whose keys the policy names, and no unit', () => {
    expect(table(policy('{ include: [{ accountTags: { team: [a] } }] }'), account(one))).toEqual({
      [one]: { organizationalUnits: [], tags: { team: 'a' } },
    });
  });

  test('leaves out accounts that are not active', () => {
    const given = policy('{ include: [{ organizationalUnits: [Web] }] }');
    const states = ['SUSPENDED', 'DEPARTED', 'PENDING_ACTIVATION', 'UNKNOWN'] as const;
    expect(table(given, ...states.map((state, index) => account(`30000000000${index}`, { state })))).toEqual(
      {},
    );
  });

  test('is never made without the tags that the policy asks for', () => {
    expect(() =>
      table(policy('{ include: [{ accountTags: { team: [a] } }] }'), account(one, { tags: null })),
    ).toThrow(`the tags of account ${one} were never read`);
  });

  test('finds a unit whose name holds a slash', () => {
    const given = policy('{ include: [{ organizationalUnits: ["R/D"] }] }');
    expect(table(given, account(one, { unitNames: ['R/D'] }))[one]?.organizationalUnits).toEqual(['R/D']);
  });
});
