import { describe, expect, test } from 'vitest';
import type { Organization } from '../../../../controlplane/organization/listing.ts';
import { accountsInScope } from '../../../../controlplane/organization/scope.ts';
import type { OrganizationAccount } from '../../../../controlplane/stacks/account.ts';
import { isWholeOrganization, scopeSchema } from '../../../../controlplane/stacks/scope.ts';

const account = (id: string, ...parents: string[]): OrganizationAccount => ({
  id,
  name: id,
  state: 'ACTIVE',
  joinedAt: undefined,
  parents: ['r-root', ...parents],
  unitNames: [],
  path: '',
});
const organization: Organization = {
  id: 'o-portcullis',
  managementAccountId: '111111111111',
  units: ['r-root', 'ou-root-prod', 'ou-root-web', 'ou-root-dev'],
  accounts: [
    account('111111111111'),
    account('300000000001', 'ou-root-prod'),
    account('300000000002', 'ou-root-prod', 'ou-root-web'),
    account('300000000003', 'ou-root-dev'),
  ],
};
const ids = (scope: object) => accountsInScope(organization, scope).map(({ id }) => id);

describe('a scope', () => {
  test.each([
    [{}, ['111111111111', '300000000001', '300000000002', '300000000003']],
    [{ accounts: ['300000000003'] }, ['300000000003']],
    [{ organizationalUnits: ['ou-root-prod'] }, ['300000000001', '300000000002']],
    [{ organizationalUnits: ['ou-root-web', 'ou-root-dev'] }, ['300000000002', '300000000003']],
    [{ organizationalUnits: ['r-root'] }, ['111111111111', '300000000001', '300000000002', '300000000003']],
    [{ accounts: ['300000000001', '300000000003'], organizationalUnits: ['ou-root-prod'] }, ['300000000001']],
    [{ regions: ['eu-west-1'] }, ['111111111111', '300000000001', '300000000002', '300000000003']],
  ])('%j', (scope, expected) => {
    expect(ids(scope)).toEqual(expected);
  });

  test.each([
    [
      { accounts: ['300000000001', '999999999999'] },
      /^accounts: 999999999999 is not in organization o-portcullis/,
    ],
    [{ organizationalUnits: ['ou-root-prod', 'ou-root-gone'] }, /^organizationalUnits: ou-root-gone/],
  ])('that names what is not there is an error: %j', (scope, message) => {
    expect(() => ids(scope)).toThrow(expect.objectContaining({ code: 'unknown-scope' }));
    expect(() => ids(scope)).toThrow(message);
  });

  test('with any part is not the whole organization', () => {
    expect(isWholeOrganization({})).toBe(true);
    expect(isWholeOrganization({ regions: ['eu-west-1'] })).toBe(false);
    expect(isWholeOrganization({ accounts: ['300000000001'] })).toBe(false);
    expect(isWholeOrganization({ organizationalUnits: ['ou-root-prod'] })).toBe(false);
  });

  test.each([
    { accounts: [] },
    { organizationalUnits: [] },
    { regions: [] },
    { accounts: ['1'] },
    { organizationalUnits: ['Production'] },
    { regions: [''] },
    { account: ['300000000001'] },
  ])('%j is no scope', (scope) => {
    expect(scopeSchema.safeParse(scope).success).toBe(false);
  });
});
