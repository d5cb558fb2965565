import { expect, test } from 'vitest';
import { readSettings } from '../../../../controlplane/settings/environment.ts';

const read = (given: Record<string, string> = {}) => {
  const { organizationalUnits, exclude, shrinkPercent, deleteLimit } = readSettings({
    PORTCULLIS_HUB_ACCOUNT: '222222222222',
    PORTCULLIS_HUB_REGION: 'eu-west-1',
    PULUMI_CONFIG_PASSPHRASE: 'x',
    ...given,
  });
  return { organizationalUnits, exclude, shrinkPercent, deleteLimit };
};

test('without settings everything is covered, and small shrinks need a confirmation', () => {
  expect(read()).toEqual({ organizationalUnits: undefined, exclude: [], shrinkPercent: 10, deleteLimit: 10 });
});

test('units and accounts are separated by commas', () => {
  const given = {
    PORTCULLIS_ORGANIZATIONAL_UNITS: 'ou-a1b2-c3d4e5f6, r-a1b2',
    PORTCULLIS_EXCLUDE: 'ou-a1b2-99,300000000001',
  };
  expect(read(given)).toMatchObject({
    organizationalUnits: ['ou-a1b2-c3d4e5f6', 'r-a1b2'],
    exclude: ['ou-a1b2-99', '300000000001'],
  });
});

test.each([
  ['PORTCULLIS_ORGANIZATIONAL_UNITS', 'Production'],
  ['PORTCULLIS_ORGANIZATIONAL_UNITS', '300000000001'],
  ['PORTCULLIS_ORGANIZATIONAL_UNITS', ','],
  ['PORTCULLIS_EXCLUDE', '3000'],
  ['PORTCULLIS_SHRINK_PERCENT', '101'],
  ['PORTCULLIS_DELETE_LIMIT', '-1'],
  ['PORTCULLIS_DELETE_LIMIT', 'all'],
])('%s=%s is an error that names it', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(new RegExp(`^${name} `));
});
