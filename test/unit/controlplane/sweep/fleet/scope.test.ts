import { describe, expect, test } from 'vitest';
import { accountsOf } from '../../../../../controlplane/sweep/fleet/scope.ts';

const account = (id: string, state: 'ACTIVE' | 'SUSPENDED' | 'DEPARTED' = 'ACTIVE', parents = ['r-1']) => ({
  ...{ id, state, parents },
});
const [one, two, three] = ['300000000001', '300000000002', '300000000003'];
const accounts = [
  account(one, 'ACTIVE', ['r-1', 'ou-1']),
  account(two, 'SUSPENDED'),
  account(three, 'DEPARTED'),
];

describe('the accounts of a sweep', () => {
  test('are all of the organization; one that is not active is not checked, with its state', () => {
    expect(accountsOf(accounts, {})).toEqual([
      { accountId: one, reason: null },
      { accountId: two, reason: 'the account is SUSPENDED' },
    ]);
  });

  test('are those of the units and accounts that the scope names', () => {
    expect(accountsOf(accounts, { organizationalUnits: ['ou-1'] })).toEqual([
      { accountId: one, reason: null },
    ]);
    expect(accountsOf(accounts, { accounts: [two] })).toHaveLength(1);
  });

  test.each([
    [{ accounts: [three] }, `accounts: ${three} is not an account of the organization`],
    [{ organizationalUnits: ['ou-9'] }, 'organizationalUnits: ou-9 does not exist or holds no account'],
    [{ organizationalUnits: ['ou-1'], accounts: [two] }, /no account in common/],
  ])('are refused where %j names none', (scope, message) => {
    expect(() => accountsOf(accounts, scope)).toThrow(message);
  });
});
