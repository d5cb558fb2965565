import { describe, expect, test } from 'vitest';
import { regionsByPartition } from '../../../../controlplane/settings/partition.ts';
import { closestName, unknownRegion, unlistedRegions } from '../../../../controlplane/settings/regions.ts';

const everywhere = Object.values(regionsByPartition).flat();
const naming = { field: 'PORTCULLIS_REGIONS', code: 'invalid-environment', home: 'eu-west-1' } as const;

test.each([
  ['eu-wset-1', 'eu-west-1'],
  ['eu-west1', 'eu-west-1'],
  ['EU-WEST-1', 'eu-west-1'],
  ['us-esat-1', 'us-east-1'],
  ['eu-centrall-1', 'eu-central-1'],
  ['us-gov-wset-1', 'us-gov-west-1'],
  ['mars-1', undefined],
  ['', undefined],
])('instead of %s %s was meant', (name, meant) => {
  expect(closestName(name, everywhere)).toBe(meant);
});

test('a Region that does not exist is named with its setting and the Region that was meant', () => {
  expect(unknownRegion(naming, 'eu-wset-1')).toMatchObject({
    code: 'invalid-environment',
    message: 'PORTCULLIS_REGIONS names eu-wset-1, which is not a known AWS Region; did you mean eu-west-1?',
  });
});

describe('the names of a setting', () => {
  test('that this program lists need nothing more', () => {
    expect(unlistedRegions(naming, regionsByPartition.aws ?? [])).toEqual([]);
  });

  test('that have the form of a Region and are not listed are left for AWS to answer', () => {
    expect(unlistedRegions(naming, ['eu-west-1', 'eu-wset-1', 'ap-southeast-9'])).toEqual([
      'eu-wset-1',
      'ap-southeast-9',
    ]);
  });

  test.each(['mars-1', 'eu-west', 'eu west 1', 'EU-WEST-1', 'eu-west-1a'])(
    'that cannot be a Region, such as %s, are refused without asking',
    (name) => {
      expect(() => unlistedRegions(naming, [name])).toThrow(`PORTCULLIS_REGIONS names ${name}, which is not`);
    },
  );

  test('of another partition than the hub are refused, naming both', () => {
    expect(() => unlistedRegions(naming, ['us-gov-west-1'])).toThrow(
      /us-gov-west-1 of partition aws-us-gov, and the hub is in partition aws/,
    );
    expect(unlistedRegions({ ...naming, home: 'us-gov-east-1' }, ['us-gov-west-1'])).toEqual([]);
  });
});
