import { describe, expect, test } from 'vitest';
import { covers, remarksOn, requireKnown } from '../../../../controlplane/organization/fleet-scope.ts';
import type { Organization } from '../../../../controlplane/organization/listing.ts';
import type { OrganizationAccount } from '../../../../controlplane/stacks/account.ts';

const account = (id: string, ...units: string[]): OrganizationAccount => ({
  ...{ id, name: id, state: 'ACTIVE', joinedAt: undefined, unitNames: [], path: '' },
  parents: ['r-root', ...units],
});
const management = account('111111111111');
const shop = account('300000000001', 'ou-root-prod', 'ou-root-web');
const play = account('300000000002', 'ou-root-play');
const organization: Organization = {
  id: 'o-portcullis',
  managementAccountId: management.id,
  units: ['r-root', 'ou-root-prod', 'ou-root-web', 'ou-root-play', 'ou-root-empty'],
  accounts: [management, shop, play],
};
const covered = (organizationalUnits: string[] | undefined, exclude: string[] = []) =>
  organization.accounts.filter((each) => covers({ organizationalUnits, exclude }, each)).map(({ id }) => id);

describe('a scope', () => {
  test.each<[string[] | undefined, string[], string[]]>([
    [undefined, [], [management.id, shop.id, play.id]],
    [['r-root'], [], [management.id, shop.id, play.id]],
    [['ou-root-prod'], [], [shop.id]],
    [['ou-root-web', 'ou-root-play'], [], [shop.id, play.id]],
    [['ou-root-empty'], [], []],
    [undefined, ['ou-root-prod'], [management.id, play.id]],
    [undefined, [play.id], [management.id, shop.id]],
    [['ou-root-prod'], ['ou-root-web'], []],
  ])('of %j without %j covers %j', (units, exclude, expected) => {
    expect(covered(units, exclude)).toEqual(expected);
  });
});

const known = (organizationalUnits: string[] | undefined, exclude: string[], everSeen: string[] = []) =>
  requireKnown({ organizationalUnits, exclude }, organization, new Set(everSeen));

describe('a scope that names what does not exist is an error', () => {
  test.each<[string[] | undefined, string[], RegExp]>([
    [
      ['ou-root-gone'],
      [],
      /^PORTCULLIS_ORGANIZATIONAL_UNITS names ou-root-gone, which is not in organization o-por/,
    ],
    [['ou-root-prod', 'r-othr'], [], /^PORTCULLIS_ORGANIZATIONAL_UNITS names r-othr/],
    [undefined, ['ou-root-gone'], /^PORTCULLIS_EXCLUDE names ou-root-gone/],
    [undefined, ['999999999999'], /^PORTCULLIS_EXCLUDE names 999999999999/],
  ])('%j without %j', (units, exclude, message) => {
    expect(() => known(units, exclude)).toThrow(message);
  });

  test('one that names an empty unit, or leaves out an account that has left since, is none', () => {
    expect(() => known(['ou-root-empty'], ['999999999999'], ['999999999999'])).not.toThrow();
  });
});

test('a management account that is out of scope is remarked on', () => {
  const remarks = (organizationalUnits: string[] | undefined) =>
    remarksOn({ organizationalUnits, exclude: [] }, organization);
  expect(remarks(undefined)).toEqual([]);
  expect(remarks(['ou-root-prod'])).toEqual([expect.stringContaining('no lifecycle event is received')]);
});
